"""What a page needs that Sphinx and the theme do not give it: for a screen reader, and for a narrow screen."""

import re
from collections.abc import Mapping

from babel import Locale
from bs4 import BeautifulSoup, Tag

from helpers.language.message import Message, message
from helpers.language.translation import language

#: A table with more in a cell [characters] has one row below the other on a narrow page, a line for each cell.
SHORT = 20

#: The roles of a table's parts, which they lose where they are shown as blocks.
ROLES = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "th": "columnheader", "td": "cell"}

#: The names of the theme's side bars.
ASIDES = {"sidebar-drawer": Message("Menu"), "toc-drawer": Message("On this page")}

#: What the theme itself says around an article. It says it in English only.
OF_THEME = (
    Message("Skip to content"),
    Message("Toggle site navigation sidebar"),
    Message("Toggle table of contents sidebar"),
    Message("Toggle Light / Dark / Auto color theme"),
    Message("On this page"),
    Message("Back to top"),
    Message("Home"),
    Message("Previous"),
    Message("Next"),
)


def without_markup(index: str) -> str:
    """Return the index of a book's search without the tags of its titles, which a search shows as text."""
    return re.sub(r'<span lang=\\"\w+\\">|</span>', "", index)


def finish(page: str, editions: Mapping[str, str], written_in: str) -> str:
    """Return the HTML of a page in the language to speak, complete and fit for a phone.

    It gets names for what a screen reader announces, links to the same page in other languages, and tables whose rows
    can stand one below the other.

    Args:
        page: the HTML that Sphinx made.
        editions: {language: link to the same page}.
        written_in: the language of the article itself.
    """
    soup = BeautifulSoup(page, "html.parser")
    _translate_theme(soup)
    for article in soup.select("article[role=main]"):
        if editions:
            article.insert_before(_links_to(editions, soup))
        if written_in != language():
            article["lang"] = written_in
    for caption in soup.select("p.caption[role=heading]"):
        caption["aria-level"] = "2"
    for name, label in ASIDES.items():
        for aside in soup.select(f"aside.{name}"):
            aside["aria-label"] = str(label)
    for summary in soup.select("summary[aria-label]"):
        del summary["aria-label"]  # it says the same for everything that is folded
    for table in soup.select("article table"):
        _mend_headers(table)
        if any(len(cell.get_text(strip=True)) > SHORT for cell in table.select("tbody td")):
            _stack(table)
    return str(soup)


def _translate_theme(soup: BeautifulSoup) -> None:
    words = {one.template: str(one) for one in OF_THEME}
    for tag in soup.select("[aria-label]"):
        tag["aria-label"] = words.get(str(tag["aria-label"]), tag["aria-label"])
    for text in soup.find_all(string=lambda text: text.strip() in words):
        if not text.find_parent("article"):
            text.replace_with(words[text.strip()])


def _links_to(editions: Mapping[str, str], soup: BeautifulSoup) -> Tag:
    """Return links to a page in other languages, each named as its readers call it."""
    links = soup.new_tag("nav", attrs={"class": "editions", "aria-label": str(message("Languages"))})
    for code, link in editions.items():
        tag = soup.new_tag("a", attrs={"href": link, "hreflang": code, "lang": code})
        tag.string = Locale.parse(code).get_display_name() or code
        links.append(tag)
    return links


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
