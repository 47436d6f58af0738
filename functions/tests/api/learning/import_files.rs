//! CSV files as spreadsheets, mail programs and browsers make them: what an import reads, and how it refuses the
//! rest.

use std::sync::Arc;

use serde_json::json;

use crate::harness::{Answer, Caller, CourseInProgress, Lyceum};

/// A published course and two students who may be imported.
struct School {
    course: CourseInProgress,
    ada: Caller,
    bob: Caller,
    _lyceum: Arc<Lyceum>,
}

impl School {
    async fn new() -> Self {
        let lyceum = Lyceum::new().await;
        let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
        let course = CourseInProgress::published(&admin, &instructor, 1).await;
        Self { course, ada: lyceum.student().await, bob: lyceum.student().await, _lyceum: lyceum }
    }

    async fn send(&self, content_type: &str, body: &[u8]) -> Answer {
        let path = self.course.path("/enrollments/import");
        self.course.instructor.send_raw("POST", &path, content_type, Some(body)).await
    }

    /// `line result` of each address that is not Ada's or Bob's; of theirs `line Ada` and `line Bob`, if they are
    /// enrolled then.
    async fn import(&self, content_type: &str, body: &[u8]) -> Vec<String> {
        let answer = self.send(content_type, body).await.ok();
        let told = |line: &serde_json::Value| {
            let (email, result) = (line["email"].as_str().unwrap(), line["result"].as_str().unwrap());
            let is_enrolled = ["enrolled", "already_enrolled"].contains(&result);
            let who = match email.to_lowercase() {
                email if email == self.ada.email && is_enrolled => "Ada",
                email if email == self.bob.email && is_enrolled => "Bob",
                _ => result,
            };
            format!("{} {who}", line["line"])
        };
        answer["data"].as_array().unwrap().iter().map(told).collect()
    }
}

#[tokio::test]
async fn lines_may_end_with_cr_lf_or_both() {
    let school = School::new().await;
    let (a, b) = (&school.ada.email, &school.bob.email);
    for end in ["\r", "\n", "\r\n"] {
        let list = ["Name,E-Mail", &format!("Löwe,{a}"), "", &format!("Hopper,{b}"), "Nobody,"].join(end);
        assert_eq!(school.import("text/csv", list.as_bytes()).await, ["2 Ada", "4 Bob", "5 invalid_email"], "{end:?}");
    }
}

#[tokio::test]
async fn cells_may_be_separated_by_semicolons_tabs_or_bars() {
    let school = School::new().await;
    let (a, b) = (&school.ada.email, &school.bob.email);
    for separator in [",", ";", "\t", "|"] {
        let rows = [["Nachname", "E-Mail-Adresse", ""], ["Löwe", a, ""], ["Hopper", b, ""], ["", "", ""]];
        let list = rows.map(|row| row.join(separator)).join("\r\n");
        assert_eq!(school.import("text/csv", list.as_bytes()).await, ["2 Ada", "3 Bob"], "{separator:?}");
        let named = format!("sep={separator}\r\n{list}");
        assert_eq!(school.import("text/csv", named.as_bytes()).await, ["3 Ada", "4 Bob"], "{separator:?} is named");
    }
}

#[tokio::test]
async fn an_address_may_come_with_the_name_of_its_owner() {
    let school = School::new().await;
    let (a, b) = (&school.ada.email, &school.bob.email);
    let list = format!("Ada Löwe <{a}>\n\"\"\"Hopper, Bob\"\" <{b}>\"\nNobody <nobody@school.test>\nAda <ada@\n");
    assert_eq!(
        school.import("text/csv", list.as_bytes()).await,
        ["1 Ada", "2 Bob", "3 unknown_user", "4 invalid_email"]
    );
}

#[tokio::test]
async fn an_address_that_comes_twice_is_told_as_repeated() {
    let school = School::new().await;
    let a = &school.ada.email;
    let list = format!("{a}\nAda <{}>\n", a.to_uppercase());
    assert_eq!(school.import("text/csv", list.as_bytes()).await, ["1 Ada", "2 repeated"]);
}

#[tokio::test]
async fn a_file_is_read_in_the_character_set_that_it_is_declared_or_marked_with() {
    let school = School::new().await;
    let list = format!("Naïve;E-Mail\nLöwe;{}\n", school.ada.email);
    let latin: Vec<u8> = list.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let utf_16 = |to_bytes: fn(u16) -> [u8; 2]| list.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
    let (little, big) = (utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes));
    for (content_type, body) in [
        ("text/csv", list.as_bytes().to_vec()),
        ("text/csv", [b"\xef\xbb\xbf", list.as_bytes()].concat()),
        ("text/csv", [b"\xff\xfe", little.as_slice()].concat()),
        ("text/plain", [b"\xfe\xff", big.as_slice()].concat()),
        ("text/csv; charset=utf-16", little),
        ("text/csv; charset=UTF-16BE", big),
        ("text/csv", latin.clone()),
        ("text/csv; charset=windows-1252", latin.clone()),
        ("text/csv; header=present; charset=\"iso-8859-1\"", latin.clone()),
        ("text/csv; charset=ISO-8859-15", latin),
    ] {
        assert_eq!(school.import(content_type, &body).await, ["2 Ada"], "{content_type}");
    }
}

#[tokio::test]
async fn what_is_not_text_in_its_character_set_is_refused_with_a_reason() {
    let school = School::new().await;
    for (content_type, body) in [
        ("text/csv; charset=utf-8", &b"L\xf6we"[..]),
        ("text/csv; charset=windows-1252", b"a\x81"),
        ("text/csv; charset=utf-16le", b"abc"),
        ("text/csv", b"\xff\xfea\0b"),
        ("text/csv", b"\x89PNG\r\n\x1a\n\0"),
        ("text/csv", b"\xff\xfe\0\0a\0\0\0"),
    ] {
        assert_eq!(school.send(content_type, body).await.faults(), [" invalid_text"], "{content_type} {body:?}");
    }
    let answer = school.send("text/csv; charset=klingon", b"a").await.problem(415, "unsupported-media-type");
    assert!(answer["detail"].as_str().unwrap().contains("charset"), "{answer}");
}

#[tokio::test]
async fn the_media_types_that_browsers_send_for_csv_are_taken() {
    let school = School::new().await;
    let list = format!("email\n{}\n", school.ada.email);
    for content_type in [
        "text/csv; header=present",
        "text/plain",
        "text/tab-separated-values",
        "text/comma-separated-values",
        "application/csv",
        "application/vnd.ms-excel",
        "Application/Vnd.MS-Excel; charset=utf-8",
    ] {
        assert_eq!(school.import(content_type, list.as_bytes()).await, ["2 Ada"], "{content_type}");
    }
    for content_type in ["application/json", "text/html", "application/x-www-form-urlencoded"] {
        school.send(content_type, list.as_bytes()).await.problem(415, "unsupported-media-type");
    }
}

#[tokio::test]
async fn a_workbook_is_refused_with_the_advice_to_save_it_as_csv() {
    let school = School::new().await;
    let open_xml = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let (xlsx, xls) = (&b"PK\x03\x04\x14\0\x06\0"[..], &b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"[..]);
    for (content_type, body) in [
        ("application/vnd.ms-excel", xls),
        ("application/vnd.ms-excel", xlsx),
        ("text/csv", xls),
        ("text/csv", xlsx),
        (open_xml, xlsx),
        ("application/vnd.oasis.opendocument.spreadsheet", xlsx),
    ] {
        let answer = school.send(content_type, body).await.problem(415, "unsupported-media-type");
        assert!(answer["detail"].as_str().unwrap().contains("save it as CSV"), "{content_type}: {answer}");
    }
}

#[tokio::test]
async fn quotation_marks_that_do_not_match_enrol_nobody_and_are_told_with_their_line() {
    let school = School::new().await;
    let (a, b) = (&school.ada.email, &school.bob.email);
    for (list, code, told) in [
        (format!("email\n{a}\n\"{b}\nx@y.test\n"), "unclosed_quote", "opens in line 3 is never closed"),
        (format!("{a};\"Ada\r{b};Bob\r"), "unclosed_quote", "opens in line 1 is never closed"),
        (format!("\"Ada,{a}\nBob,{b}\n\"Cleo,c@x.test\n"), "misplaced_quote", "opens in line 1 closes"),
    ] {
        let answer = school.send("text/csv", list.as_bytes()).await;
        assert!(answer.body["detail"].as_str().unwrap().contains(told), "{}", answer.body);
        assert_eq!(answer.faults(), [format!(" {code}")]);
    }
    let roster = school.course.instructor.get(&school.course.path("/enrollments")).await.ok();
    assert_eq!(roster["data"], json!([]));
}

#[tokio::test]
async fn what_a_list_holds_is_bounded_and_so_is_its_answer() {
    let school = School::new().await;
    let cell = format!("{}\n{}\n", school.ada.email, "a".repeat(32_768));
    assert_eq!(school.send("text/csv", cell.as_bytes()).await.faults(), [" cell_too_long"]);
    let several = "a@b.test;".repeat(5001);
    assert_eq!(school.send("text/csv", several.as_bytes()).await.faults(), [" too_many_lines"]);
    let widest = format!("{}\n", "\u{1}\"\\@".repeat(50)).repeat(5000);
    let answer = school.send("text/csv", widest.as_bytes()).await.is(200);
    let as_lambda_sends_it = serde_json::to_string(&answer.text).unwrap().len();
    assert!(as_lambda_sends_it < 5_500_000, "{as_lambda_sends_it} bytes");
}
