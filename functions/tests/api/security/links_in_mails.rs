//! Links in mails use only the configured address: no header or parameter of a request can change them.

use serde_json::json;

use crate::harness::{Caller, Lyceum, PASSWORD, new_user};

/// Adds every header from which some software derives the address of a site.
fn forged(caller: &Caller) -> Caller {
    [
        ("host", "evil.test"),
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-port", "6666"),
        ("x-forwarded-for", "evil.test"),
        ("x-forwarded-server", "evil.test"),
        ("x-forwarded-prefix", "/evil.test"),
        ("x-original-host", "evil.test"),
        ("x-original-url", "https://evil.test/"),
        ("x-rewrite-url", "https://evil.test/"),
        ("x-host", "evil.test"),
        ("x-http-host-override", "evil.test"),
        ("x-base-url", "https://evil.test"),
        ("forwarded", "for=evil.test;host=evil.test;proto=gopher"),
        ("origin", "https://evil.test"),
        ("referer", "https://evil.test/reset"),
        ("user-agent", "https://evil.test"),
        ("accept-language", "evil.test"),
    ]
    .iter()
    .fold(caller.clone(), |caller, (name, value)| caller.with_header(name, value))
}

#[tokio::test]
async fn no_header_or_parameter_of_a_request_changes_a_mail() {
    let lyceum = Lyceum::new().await;
    let query = "?host=evil.test&frontend_url=https://evil.test&redirect_uri=https://evil.test";
    let admin = forged(&lyceum.admin().await);
    let students = [lyceum.student().await, lyceum.student().await, lyceum.student().await];
    let [known, changing, closing] = students.each_ref().map(forged);
    let visitor = || forged(&lyceum.anonymous());
    let query_is_refused = visitor().post(&format!("/v1/auth/register{query}"), new_user("ada")).await;
    assert_eq!(query_is_refused.status, 422);

    visitor().post("/v1/auth/register", new_user("ada")).await.is(202);
    visitor().post("/v1/auth/resend-verification", json!({ "email": "ada@school.test" })).await.is(202);
    let mut taken = new_user("bob");
    taken["email"] = json!(known.email);
    visitor().post("/v1/auth/register", taken).await.is(202);
    visitor().forgets_password(&known.email).await;
    let token = lyceum.token_mailed_to(&known.email).await;
    visitor().resets_password(&token, "quite another sentence").await.no_content();
    changing.put("/v1/me/email", json!({ "email": "new@school.test", "password": PASSWORD })).await.is(202);
    let body = json!({ "current_password": PASSWORD, "new_password": "quite another sentence" });
    changing.put("/v1/me/password", body).await.no_content();
    changing
        .put("/v1/me/email", json!({ "email": "new@school.test", "password": "quite another sentence" }))
        .await
        .is(202);
    closing.send("DELETE", "/v1/me", Some(json!({ "password": PASSWORD }))).await.no_content();
    let invited = json!({ "email": "guest@school.test", "username": "guest", "first_name": "G", "last_name": "O" });
    admin.post("/v1/users", invited).await.created();

    let mails = lyceum.mails().await;
    let mut subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!(subjects.len(), 8, "all kinds of mail were sent: {subjects:?}");
    for mail in mails {
        for text in [&mail.text, &mail.html, &mail.subject] {
            assert!(!text.contains("evil") && !text.contains("gopher") && !text.contains("6666"), "{text}");
            for link in text.split(['"', '>', '<', ' ', '\n']).filter(|word| word.contains("://")) {
                assert!(link.starts_with("https://school.test/"), "{link}");
            }
        }
    }
}
