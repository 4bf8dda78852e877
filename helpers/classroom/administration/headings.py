"""What learning platforms and instructors call the columns of their lists, in several languages.

Moodle writes headings in the language of whoever downloads a list; Canvas always writes them in English. A heading is
compared by its letters and digits, without case and accents: “E-Mail-Adresse” and “e mail adresse” are one.
"""

import functools
import re
import unicodedata

#: Names of each detail, the likeliest first: English, German, French, Spanish, Italian and Portuguese, then Korean,
#: Japanese and Chinese.
HEADINGS: dict[str, tuple[str, ...]] = {
    "student_id": (
        *("id", "student id", "student number", "student no"),
        *("Matrikelnummer", "Matrikel-Nr", "Matr-Nr", "Matrikel", "Studierenden-ID", "Kennung"),
        *("Numéro d'étudiant", "Numéro étudiant", "N° étudiant", "No étudiant", "Matricule", "ID étudiant"),
        *("Número de estudiante", "Número de alumno", "ID de estudiante", "ID de alumno", "Número de matrícula"),
        *("Código de estudiante", "Código de alumno", "Número de cuenta", "Legajo", "Code permanent"),
        *("Matrícula", "Matricola", "Numero di matricola", "Número do aluno", "ID do aluno", "ID do estudante"),
        *("학번", "학생 번호", "학생 ID", "학생 아이디", "학적 번호", "학번(ID)", "학번/사번"),
        *("学籍番号", "学生番号", "学生ID", "学号", "學號", "学生编号", "學生編號"),
    ),
    "username": (
        *("username", "user name", "login", "login id", "login name", "user id", "account"),
        *("Anmeldename", "Benutzername", "Nutzername", "Benutzerkennung", "Nutzerkennung", "Anmeldekennung", "Konto"),
        *("Nom d'utilisateur", "Identifiant", "Identifiant de connexion"),
        *("Nom de connexion", "Pseudo", "Code d'usager"),
        *("Nombre de usuario", "Usuario", "Identificador de usuario", "Cuenta"),
        *("Nome utente", "Utente", "Nome de usuário", "Usuário", "Nome de utilizador", "Utilizador", "Identificação"),
        *("사용자명", "사용자 이름", "사용자 아이디", "사용자 ID", "사용자 계정"),
        *("아이디", "로그인 ID", "로그인 아이디", "계정"),
        *("ユーザ名", "ユーザー名", "ユーザID", "ユーザーID", "ログインID", "ログイン名", "アカウント"),
        *("用户名", "用户账号", "登录名", "账号", "使用者名稱", "用戶名", "用戶名稱", "登入帳號", "帳號"),
    ),
    "id_number": (
        *("id number", "id no", "identification number"),
        *("ID-Nummer", "ID-Nr", "Identifikationsnummer", "Identnummer", "Kennnummer"),
        *("Numéro d'identification", "Numéro ID", "Numéro d'ID", "N° d'identification", "No d'identification"),
        *("Número de ID", "Número ID", "Número de identificación", "N° de identificación"),
        *("Codice identificativo", "Numero ID", "Numero di identificazione", "Número de identificação"),
        *("ID 번호", "아이디 번호", "식별 번호", "개인 식별 번호", "고유 번호", "개인 번호", "개별 번호"),
        *("IDナンバー", "ID番号", "識別番号"),
        *("识别号", "身份号", "ID号", "ID号码", "编号", "編號", "身分證字號", "ID號碼"),
    ),
    "email": (
        *("email address", "email", "e-mail", "mail", "mail address", "email id"),
        *("E-Mail-Adresse", "Mailadresse", "E-Mail-Adressen", "Elektronische Adresse"),
        *("Adresse de courriel", "Courriel", "Adresse courriel", "Adresse e-mail", "Adresse mail", "Mél"),
        *("Adresse électronique", "Adresse de messagerie", "Courrier électronique", "Adresse courrier électronique"),
        *("Dirección de correo", "Dirección de correo electrónico", "Dirección email", "Dirección de email"),
        *("Correo electrónico", "Correo", "Dirección electrónica", "Correo-e", "Correo institucional"),
        *("Indirizzo email", "Indirizzo e-mail", "Indirizzo di posta elettronica", "Posta elettronica"),
        *("Endereço de email", "Endereço de e-mail", "Endereço de correio eletrónico", "Correio eletrónico"),
        *("Correio eletrônico", "Endereço eletrônico", "Endereço eletrónico"),
        *("이메일 주소", "이메일", "전자우편", "전자우편 주소", "전자메일", "전자메일 주소"),
        *("메일", "메일 주소", "E메일"),
        *("メールアドレス", "メール", "Eメール", "Eメールアドレス", "電子メール", "電子メールアドレス"),
        *("电子邮件地址", "电子邮件", "邮箱", "电子邮箱", "邮件地址", "Email地址"),
        *("電子郵件", "電子郵件信箱", "電子郵件地址", "電子信箱", "信箱", "郵箱"),
    ),
    "first_name": (
        *("first name", "given name", "given names", "forename", "preferred name"),
        *("Vorname", "Vornamen", "Rufname"),
        *("Prénom", "Prénoms"),
        *("Nombre de pila", "Nombres"),
        *("Primo nome", "Primeiro nome", "Nome próprio", "Prenome"),
        *("명",),
        *("名", "名字", "ファーストネーム"),
    ),
    "last_name": (
        *("last name", "surname", "family name"),
        *("Nachname", "Familienname", "Zuname"),
        *("Nom de famille", "Patronyme"),
        *("Apellido", "Apellidos", "Apellido(s)", "Primer apellido"),
        *("Cognome", "Sobrenome", "Apelido", "Apelidos", "Último nome"),
        *("성", "성씨"),
        *("姓", "苗字", "名字（姓）", "姓氏", "ラストネーム"),
    ),
    #: The other part of a name where there is a column for one part, else the whole name.
    "name": ("name", "Nom", "Nombre", "Nome", "이름", "名前"),
    "full_name": (
        *("full name", "user full name", "student name", "student", "display name", "names"),
        *("first name / last name", "first name / surname", "last name / first name", "surname / first name"),
        *("Vollständiger Name", "Vor- und Nachname", "Vorname / Nachname", "Nachname / Vorname", "Name, Vorname"),
        *("Nom complet", "Nom et prénom", "Prénom et nom", "Nom / Prénom", "Prénom / Nom", "Nom, Prénom"),
        *("Prénom / Nom de famille", "Nom de famille / Prénom", "Nom Prénom", "Prénom Nom"),
        *("Nombre completo", "Nombre y apellidos", "Apellidos y nombre", "Nombre / Apellido(s)", "Apellidos, Nombre"),
        *("Nome completo", "Nome e cognome", "Cognome e nome", "Nome / Cognome", "Nome / Sobrenome", "Nome / Apelido"),
        *("성명", "성함", "한글 이름", "이름(한글)", "한글 성명", "전체 이름"),
        *("이름(성명)", "이름 / 성", "성 / 이름", "학생 이름", "학생명", "사용자 전체 이름"),
        *("氏名", "氏名（漢字）", "フルネーム", "姓名", "名 / 姓", "学生氏名", "全名", "学生姓名", "學生姓名"),
    ),
    "group": (
        *("group", "group name", "team", "team name"),
        *("Gruppe", "Gruppenname", "Team", "Arbeitsgruppe"),
        *("Groupe", "Nom du groupe", "Équipe"),
        *("Grupo", "Nombre del grupo", "Nombre de grupo", "Equipo"),
        *("Gruppo", "Nome del gruppo", "Squadra", "Nome do grupo", "Equipa", "Equipe"),
        *("그룹", "그룹명", "그룹 이름", "모둠", "모둠명", "모둠 이름", "조", "조 이름", "팀", "팀명", "팀 이름"),
        *("グループ", "グループ名", "班", "チーム", "チーム名"),
        *("小组", "组", "小组名称", "组名", "群组", "小組", "小組名稱", "群組", "群組名稱", "组别", "組別"),
    ),
    "groups": ("groups", "teams", "Gruppen", "Groupes", "Équipes", "Grupos", "Equipos", "Gruppi", "그룹들", "모둠들"),
    "grouping": (
        *("grouping", "groupings", "Gruppierung", "Gruppierungen", "Groupement", "Groupements"),
        *("Agrupamiento", "Agrupamientos", "Agrupación", "Raggruppamento", "Agrupamento"),
        *("모둠 무리", "그룹핑", "그룹 묶음", "모둠집합", "グルーピング", "大组", "分組", "群組分類"),
    ),
    "lms_user_id": ("lms user id", "canvas user id"),
    #: Moodle's number for a participant, in its grading worksheet: “Participant 4711”.
    "identifier": (
        *("Identifier", "ID", "Identifikator", "Kennung", "Identifiant", "Identificador", "Identificativo"),
        *("Número de identificação", "Identificação", "식별자", "식별 번호", "고유 번호"),
        *("識別子", "标识符", "标识", "識別", "識別碼", "识别码", "編號", "编号"),
    ),
    "sis_login_id": (
        *("SIS Login ID", "SIS-Login-ID", "SIS-Anmelde-ID", "Identifiant de connexion SIS", "ID de connexion SIS"),
        *("ID de inicio de sesión de SIS", "ID de inicio de sesión del SIS", "ID di accesso SIS", "ID de login do SIS"),
        *("SIS 로그인 ID", "SIS ログイン ID", "SIS 登录 ID", "SIS 登入 ID"),
    ),
    "sis_user_id": (
        *("SIS User ID", "SIS-Benutzer-ID", "SIS-Nutzer-ID", "ID utilisateur SIS", "ID d'utilisateur SIS", "SIS ID"),
        *("ID de usuario de SIS", "ID de usuario del SIS", "ID utente SIS", "ID de usuário do SIS"),
        *("SIS 사용자 ID", "SIS ユーザー ID", "SIS ユーザ ID", "SIS 用户 ID", "SIS 使用者 ID"),
    ),
    "student": (
        *("Student", "Studierende", "Studierender", "Teilnehmer/in", "Étudiant", "Étudiant(e)", "Étudiants"),
        *("Estudiante", "Alumno", "Studente", "Aluno", "Estudante", "학생", "受講生", "学生", "學生"),
    ),
    "section": (
        *("Section", "Sections", "Abschnitt", "Sektion", "Kursgruppe", "Sección", "Sezione", "Seção", "Secção"),
        *("섹션", "분반", "セクション", "班级", "班級", "章节"),
    ),
    "canvas_group_id": ("canvas group id",),
}

#: What Moodle calls a participant whose name it hides, before the number.
PARTICIPANTS = (
    *("Participant", "Teilnehmer/in", "Teilnehmer", "Teilnehmende", "Participante", "Partecipante"),
    *("참여자", "참가자", "参加者", "参与者", "參與者"),
)

#: What Moodle writes for a person without a group.
NO_GROUP = (
    *("No group", "No groups", "Not in a group", "Keine Gruppe", "Keine Gruppen", "Nicht in einer Gruppe"),
    *("Aucun groupe", "Pas dans un groupe", "Sin grupo", "Sin grupos", "Ningún grupo", "No está en un grupo"),
    *("Nessun gruppo", "Sem grupo", "Sem grupos", "Nenhum grupo", "모둠 없음", "그룹 없음", "조 없음"),
    *("グループなし", "没有小组", "无小组", "無群組", "沒有群組", "-"),
)

#: What Canvas calls its test student, by the first name and the last.
TEST_STUDENTS = (
    *("Test Student", "Student Test", "Testteilnehmer", "Étudiant de test", "Test Étudiant"),
    *("Estudiante de prueba", "Studente di prova", "Studente test", "Aluno de teste", "Estudante de teste"),
    *("테스트 학생", "학생 테스트", "テスト受講生", "受講生 テスト", "テスト学生", "测试学生", "測試學生"),
)


@functools.lru_cache(maxsize=10_000)
def key_of_heading(heading: str) -> str:
    """Return what two headings have in common that mean the same: letters and digits, without case and accents."""
    decomposed = unicodedata.normalize("NFKD", heading).casefold()
    return unicodedata.normalize("NFC", "".join(letter for letter in decomposed if letter.isalnum()))


def is_known(heading: str) -> bool:
    """Return whether a heading is in this list."""
    return key_of_heading(heading) in _KNOWN


def participant_number(cell: str) -> str:
    """Return the number in “Participant 4711”, in any language, or "" if there is none."""
    return "".join(re.findall(r"[0-9]+$", cell))


def is_participant(cell: str) -> bool:
    """Return whether a text is Moodle's “Participant 4711”, in a known language."""
    number = participant_number(cell)
    return bool(number) and key_of_heading(cell.removesuffix(number)) in _PARTICIPANTS


def is_no_group(cell: str) -> bool:
    """Return whether a cell says that a person is in no group: it is blank, or says so in a known language."""
    return key_of_heading(cell) in _NO_GROUP


def is_test_student(name: str) -> bool:
    """Return whether a name is that of Canvas's test student, in a known language."""
    return key_of_heading(name) in _TEST_STUDENTS


_KNOWN = {key_of_heading(name) for names in HEADINGS.values() for name in names}

_PARTICIPANTS = set(map(key_of_heading, PARTICIPANTS))

_NO_GROUP = {"", *map(key_of_heading, NO_GROUP)}

_TEST_STUDENTS = set(map(key_of_heading, TEST_STUDENTS))
