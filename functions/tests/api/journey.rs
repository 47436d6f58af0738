//! The main use case over HTTP against the local stack: from registration to a completed course.

use lyceum_local::stack::{Options, Stack};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

struct Visitor {
    client: Client,
    url: String,
    token: Option<String>,
}

impl Visitor {
    async fn call(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !body.is_null() {
            request = request.json(&body);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    #[track_caller]
    fn expect(expected: u16, (status, body): (StatusCode, Value)) -> Value {
        assert_eq!(status.as_u16(), expected, "{body}");
        body
    }

    async fn get(&self, path: &str) -> Value {
        Self::expect(200, self.call(Method::GET, path, Value::Null).await)
    }

    async fn post(&self, expected: u16, path: &str, body: Value) -> Value {
        Self::expect(expected, self.call(Method::POST, path, body).await)
    }

    async fn sign_in(&self, identifier: &str, password: &str) -> Self {
        let body = json!({ "identifier": identifier, "password": password });
        let token = self.post(200, "/v1/auth/login", body).await["access_token"].as_str().unwrap().to_owned();
        Self { client: self.client.clone(), url: self.url.clone(), token: Some(token) }
    }
}

/// Starts a stack in a temporary folder on free ports.
pub async fn stack() -> (Stack, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { port: 0, hosts: Vec::new(), data_dir: folder.path().join("data"), database_url: None };
    (Stack::start(&options, |_| {}).await.unwrap(), folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_learner_registers_enrols_and_completes_a_course() {
    let (stack, _folder) = stack().await;
    let visitor = Visitor { client: Client::new(), url: stack.url.clone(), token: None };

    // A person registers, verifies the mail, signs in.
    let registration = json!({
        "email": "Ada@School.test", "username": "ada", "password": "a long enough sentence",
        "first_name": "Ada", "last_name": "L",
    });
    visitor.post(202, "/v1/auth/register", registration).await;
    let token = mailed_token(&visitor, "ada@school.test").await;
    visitor.post(204, "/v1/auth/verify-email", json!({ "token": token })).await;
    let learner = visitor.sign_in("ada", "a long enough sentence").await;

    // An instructor writes a course and publishes it.
    let instructor = visitor.sign_in("instructor@demo.test", "lyceum demo 2026").await;
    let category = visitor.get("/v1/categories").await["data"][0]["id"].clone();
    let course =
        json!({ "title": "Reading maps", "description": "Where is north?", "category_id": category, "price": "0.00" });
    let course = instructor.post(201, "/v1/courses", course).await;
    let id = course["id"].as_str().unwrap();
    assert_eq!(course["slug"], "reading-maps");
    let (status, problem) = instructor.call(Method::POST, &format!("/v1/courses/{id}/publish"), Value::Null).await;
    assert_eq!((status.as_u16(), problem["type"].as_str()), (409, Some("/problems/not-publishable")));
    let section = instructor.post(201, &format!("/v1/courses/{id}/sections"), json!({ "title": "First steps" })).await;
    let lessons = format!("/v1/sections/{}/lessons", section["id"].as_str().unwrap());
    for title in ["North", "Scale"] {
        let lesson =
            json!({ "title": title, "markdown_content": "# Hello\n\n<script>no()</script>", "is_published": true });
        instructor.post(201, &lessons, lesson).await;
    }
    instructor.post(200, &format!("/v1/courses/{id}/publish"), Value::Null).await;

    // The learner finds it, enrols, reads, and completes it.
    let found = visitor.get("/v1/courses?q=maps").await;
    assert_eq!(found["data"][0]["id"], id);
    let enrollment = learner.post(201, "/v1/courses/reading-maps/enrollments", Value::Null).await;
    learner.post(200, "/v1/courses/reading-maps/enrollments", Value::Null).await;
    let outline = learner.get("/v1/courses/reading-maps/outline").await;
    let mut percentages = Vec::new();
    for lesson in outline["sections"][0]["lessons"].as_array().unwrap() {
        let path = format!("/v1/lessons/{}", lesson["id"].as_str().unwrap());
        assert_eq!(learner.get(&path).await["html_content"], "<h1>Hello</h1>\n");
        let completed =
            learner.call(Method::PUT, &format!("{path}/completion"), json!({ "time_spent_minutes": 5 })).await;
        percentages.push(Visitor::expect(200, completed)["enrollment"]["completion_percentage"].clone());
    }
    assert_eq!(percentages, ["50.00", "100.00"]);
    let enrollment = learner.get(&format!("/v1/enrollments/{}", enrollment["id"].as_str().unwrap())).await;
    assert_eq!((enrollment["status"].as_str(), enrollment["next_lesson"].is_null()), (Some("completed"), true));
    stack.stop().await.unwrap();
}

async fn mailed_token(visitor: &Visitor, email: &str) -> String {
    for _ in 0..200 {
        let mails = visitor.client.get(format!("{}/_local/mail", visitor.url)).header("accept", "application/json");
        let mails: Value = mails.send().await.unwrap().json().await.unwrap();
        let mail = mails.as_array().unwrap().iter().find(|mail| mail["to"].as_str().unwrap().contains(email));
        if let Some(mail) = mail {
            let text = mail["text"].as_str().unwrap();
            assert!(text.contains(&format!("{}/_local/verify-email?token=", visitor.url)));
            return text.split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await; // waits until the queue has delivered the mail
    }
    panic!("no mail came");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_calls_that_are_printed_work_in_a_shell() {
    let (stack, _folder) = stack().await;
    assert!(stack.has_demo_accounts().await);
    let lines = lyceum_local::welcome::first_calls(&stack.url).join("\n");
    let shell = tokio::task::spawn_blocking(move || std::process::Command::new("sh").args(["-c", &lines]).output());
    let output = shell.await.unwrap().unwrap();
    let profile: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(profile["email"], "student@demo.test");
    stack.stop().await.unwrap();
}

/// A website whose name resolves to this machine (DNS rebinding) can't read the mails.
#[tokio::test(flavor = "multi_thread")]
async fn the_local_stack_refuses_other_host_names_and_foreign_origins() {
    let (stack, _folder) = stack().await;
    let client = Client::new();
    for path in ["/_local/mail", "/", "/docs", "/v1/courses", "/health", "/nothing"] {
        let answer = client.get(format!("{}{path}", stack.url)).header("host", "evil.test:9000").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 421, "{path}");
        assert!(answer.text().await.unwrap().contains("--host"), "{path}");
    }
    let mails = client.get(format!("{}/_local/mail", stack.url)).header("accept", "application/json");
    for origin in ["https://evil.test", "http://localhost:5173", "null"] {
        let answer = mails.try_clone().unwrap().header("origin", origin).send().await.unwrap();
        assert_eq!(answer.headers().get("access-control-allow-origin"), None, "{origin} may not read mails");
    }
    stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_video_plays_in_ranges_and_the_document_downloads() {
    let (stack, _folder) = stack().await;
    let visitor = Visitor { client: Client::new(), url: stack.url.clone(), token: None };
    let student = visitor.sign_in("student@demo.test", "lyceum demo 2026").await;
    for (course, lesson_type) in [("web-request-to-database", "video"), ("study-skills", "document")] {
        let outline = visitor.get(&format!("/v1/courses/{course}/outline")).await;
        let lessons =
            outline["sections"].as_array().unwrap().iter().flat_map(|section| section["lessons"].as_array().unwrap());
        let lesson = lessons.into_iter().find(|lesson| lesson["lesson_type"] == lesson_type).unwrap();
        let path = format!("/v1/lessons/{}/media", lesson["id"].as_str().unwrap());
        Visitor::expect(401, visitor.call(Method::GET, &path, Value::Null).await);
        Visitor::expect(403, student.call(Method::GET, &path, Value::Null).await);
        student.post(201, &format!("/v1/courses/{course}/enrollments"), Value::Null).await;
        let media = student.get(&path).await;
        let file = if lesson_type == "video" { &media["video"] } else { &media["documents"][0] };
        let url = file["url"].as_str().unwrap();

        let part = student.client.get(url).header("range", "bytes=4-11").send().await.unwrap();
        assert_eq!(part.status(), 206);
        assert_eq!(part.headers()["content-type"], file["content_type"].as_str().unwrap());
        assert_eq!(part.headers()["content-range"], format!("bytes 4-11/{}", file["size_bytes"]));
        let disposition = part.headers()["content-disposition"].to_str().unwrap().to_owned();
        let bytes = part.bytes().await.unwrap();
        match lesson_type {
            "video" => assert_eq!((disposition.as_str(), &bytes[..4]), ("inline", &b"ftyp"[..])),
            _ => assert!(disposition.starts_with("attachment; filename=\"study-plan.pdf\""), "{disposition}"),
        }
        let forged = student.client.get(tampered(url)).send().await.unwrap();
        assert_eq!(forged.status(), 403);
    }
    stack.stop().await.unwrap();
}

/// Changes the first digit of the URL's signature.
fn tampered(url: &str) -> String {
    let (before, signature) = url.split_once("X-Amz-Signature=").unwrap();
    let digit = if signature.starts_with('0') { '1' } else { '0' };
    format!("{before}X-Amz-Signature={digit}{}", &signature[1..])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_demo_student_has_completed_half_of_a_course() {
    let (stack, _folder) = stack().await;
    let visitor = Visitor { client: Client::new(), url: stack.url.clone(), token: None };
    let halfway = visitor.sign_in("halfway@demo.test", "lyceum demo 2026").await;
    let enrollments = halfway.get("/v1/me/enrollments").await;
    assert_eq!(enrollments["data"][0]["completion_percentage"], "50.00");
    assert!(enrollments["data"][0]["next_lesson"]["title"].is_string());

    // The instructor unpublishes a lesson that counts, and the percentage changes.
    let instructor = visitor.sign_in("instructor@demo.test", "lyceum demo 2026").await;
    let seen = halfway.get(&format!("/v1/enrollments/{}", enrollments["data"][0]["id"].as_str().unwrap())).await;
    let mut lessons = seen["sections"].as_array().unwrap().iter().flat_map(|one| one["lessons"].as_array().unwrap());
    let counts = |lesson: &&Value| lesson["completed_at"].is_null() && lesson["requires_completion"] == true;
    let lesson = format!("/v1/lessons/{}", lessons.find(counts).unwrap()["id"].as_str().unwrap());
    Visitor::expect(200, instructor.call(Method::PATCH, &lesson, json!({ "is_published": false })).await);
    for _ in 0..200 {
        let percentage = halfway.get("/v1/me/enrollments").await["data"][0]["completion_percentage"].clone();
        if percentage != "50.00" {
            assert_eq!(percentage, "66.66");
            return stack.stop().await.unwrap();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await; // waits until the queue has delivered the message
    }
    panic!("the percentage does not follow");
}
