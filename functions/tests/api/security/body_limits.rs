//! Limits of the size, depth, length and type of input.

use serde_json::{Value, json};

use crate::harness::Lyceum;

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_body_larger_than_1_mib_is_413() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let of_size = |size: usize| {
        let frame = json!({ "name": "A category", "description": "" }).to_string();
        frame.replace("\"\"", &format!("\"{}\"", "a".repeat(size - frame.len())))
    };
    let send =
        async |body: String| admin.send_raw("POST", "/v1/categories", "application/json", Some(body.as_bytes())).await;
    assert_eq!(send(of_size(MIB)).await.faults(), ["/description too_long"]);
    send(of_size(MIB + 1)).await.problem(413, "body-too-large");
    let blank = format!("{}{}", " ".repeat(MIB), r#"{"name": "A category"}"#);
    send(blank).await.problem(413, "body-too-large");
    assert_eq!(admin.get("/v1/categories").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn only_valid_json_is_accepted() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let body = br#"{"name": "A category"}"#;
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "",
    ] {
        let answer = admin.send_raw("POST", "/v1/categories", media_type, Some(body)).await;
        answer.problem(415, "unsupported-media-type");
    }
    let answer = admin.send_raw("POST", "/v1/categories", "Application/JSON; charset=utf-8", Some(body)).await;
    answer.created();
    for (body, code) in [
        (&b"{"[..], "invalid_json"),
        (b"{\"name\": \"\xff\"}", "invalid_json"),
        (b"\xef\xbb\xbf{}", "invalid_json"),
        (b"{\"name\": \"A\"} {}", "invalid_json"),
        (b"{\"name\": NaN}", "invalid_json"),
        (b"{\"name\": \"\\ud800\"}", "invalid_json"),
    ] {
        let faults = admin.send_raw("POST", "/v1/categories", "application/json", Some(body)).await.faults();
        assert_eq!(faults, [format!(" {code}")]);
    }
    for body in [json!([]), json!("text"), json!(1), json!(null)] {
        assert_eq!(admin.post("/v1/categories", body).await.faults(), [" wrong_type"]);
    }
}

#[tokio::test]
async fn deeply_nested_json_is_refused() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    for depth in [1_000, 100_000] {
        let body = format!("{{\"name\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
        let answer = admin.send_raw("POST", "/v1/categories", "application/json", Some(body.as_bytes())).await;
        assert_eq!(answer.faults(), [" invalid_json"]);
    }
}

/// A Lambda response has at most 6 MB, so the response to a body of a megabyte must stay far below.
#[tokio::test]
async fn at_most_a_hundred_faults_are_listed() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let unknown: serde_json::Map<_, _> = (0..80_000).map(|number| (format!("k{number}"), json!(1))).collect();
    let numbers = json!({ "tags": vec![1; 400_000] });
    for (path, body) in [
        ("/v1/auth/login", Value::Object(unknown.clone())),
        ("/v1/courses", Value::Object(unknown)),
        ("/v1/courses", numbers),
    ] {
        let answer = admin.post(path, body).await;
        assert!(answer.text.len() < 200_000, "{path}: {} bytes", answer.text.len());
        assert!(answer.body["detail"].as_str().unwrap().contains("the first 100 are listed"), "{}", answer.body);
        assert_eq!(answer.faults().len(), 100, "{path}");
    }
    let long = admin.post("/v1/auth/login", json!({ "\"".repeat(400_000): 1 })).await;
    assert!(long.text.len() < 2_000, "{} bytes", long.text.len());
    assert_eq!(long.faults().len(), 3, "two fields are missing, and one is unknown");
}

#[tokio::test]
async fn every_text_field_has_a_limit() {
    let lyceum = Lyceum::new().await;
    let document = lyceum.anonymous().get("/openapi.json").await.ok();
    let mut texts = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                let is_text = property["type"] == "string" || property["type"] == json!(["string", "null"]);
                let is_bounded = ["maxLength", "enum"].iter().any(|bound| !property[*bound].is_null());
                let has_form =
                    property["format"] == "uuid" || property["format"] == "date-time" || !property["pattern"].is_null();
                assert!(!is_text || is_bounded || has_form, "{method} {path} {name}: {property}");
                texts += u32::from(is_text);
            }
        }
    }
    assert!(texts > 40, "{texts}");
}

#[tokio::test]
async fn lengths_are_counted_in_characters_and_texts_are_stored_unchanged() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    for (name, longest) in [("first_name", 255), ("last_name", 255), ("bio", 10_000)] {
        let text = "ß".repeat(longest);
        assert_eq!(student.patch("/v1/me", json!({ name: text })).await.ok()[name], text);
        let fault = format!("/{name} too_long");
        assert_eq!(student.patch("/v1/me", json!({ name: format!("{text}ß") })).await.faults(), [fault]);
    }
    for kept in [
        "  spaces  ",
        "line\nline\r\n\ttab",
        "<script>alert(1)</script>",
        "'; --",
        "e\u{301}",
        "\u{202e}rtl",
        "👩‍👩‍👧",
        "\u{1}",
    ] {
        assert_eq!(student.patch("/v1/me", json!({ "bio": kept })).await.ok()["bio"], kept);
    }
}

#[tokio::test]
async fn nul_is_refused_everywhere() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    assert_eq!(admin.patch("/v1/me", json!({ "bio": "a\u{0}b" })).await.faults(), ["/bio invalid_text"]);
    assert_eq!(admin.patch("/v1/me", json!({ "username": "a\u{0}b" })).await.faults(), ["/username invalid_username"]);
    let login = json!({ "identifier": "a\u{0}", "password": "a\u{0}" });
    assert_eq!(lyceum.anonymous().post("/v1/auth/login", login).await.is(422).faults()[0], "/identifier invalid_text");
    for query in ["/v1/users?q=%00", "/v1/users?role=%00", "/v1/audit-logs?action=%00"] {
        admin.get(query).await.is(422);
    }
    let name: Value = json!({ "a\u{0}b": 1 });
    assert_eq!(admin.patch("/v1/me", name).await.faults(), ["/a\u{0}b unknown_field"]);
}
