"""What a page needs that Sphinx and the theme do not give it: for a screen reader, and for a narrow screen."""

from bs4 import BeautifulSoup, Tag

#: A table with more in a cell [characters] has one row below the other on a narrow page, a line for each cell.
SHORT = 20

#: The roles of a table's parts, which they lose where they are shown as blocks.
ROLES = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "th": "columnheader", "td": "cell"}

#: The names of the theme's side bars.
ASIDES = {"sidebar-drawer": "Menu", "toc-drawer": "On this page"}


def finish(page: str) -> str:
    """Return the HTML of a page with names for what a screen reader announces, and with tables that fit a phone."""
    soup = BeautifulSoup(page, "html.parser")
    for caption in soup.select("p.caption[role=heading]"):
        caption["aria-level"] = "2"
    for name, label in ASIDES.items():
        for aside in soup.select(f"aside.{name}"):
            aside["aria-label"] = label
    for summary in soup.select("summary[aria-label]"):
        del summary["aria-label"]  # it says the same for everything that is folded
    for table in soup.select("article table"):
        _mend_headers(table)
        if any(len(cell.get_text(strip=True)) > SHORT for cell in table.select("tbody td")):
            _stack(table)
    return str(soup)


def _mend_headers(table: Tag) -> None:
    """Let an empty corner be no header: a screen reader would announce it for every row."""
    for head in table.select("thead th"):
        if not head.get_text(strip=True):
            head.name = "td"


def _stack(table: Tag) -> None:
    """Let the rows of a table stand one below the other on a narrow page: each cell has the title of its column."""
    table["class"] = " ".join([*table.get_attribute_list("class"), "stacks"])
    titles = [head.get_text(" ", strip=True) for head in table.select("thead tr > *")]
    for row in table.select("tbody tr"):
        for title, cell in zip(titles, row.find_all("td")):
            if not cell.get_text(strip=True) and not cell.find("img"):
                cell.clear()  # nothing but an empty paragraph: no line is kept for it
            elif title:
                cell["data-title"] = title
    for part in [table, *table.find_all(list(ROLES))]:
        part["role"] = ROLES[part.name]
