//! What each mail says, and to whom.

use std::sync::Arc;

use lyceum_local::mailbox::Mail;
use serde_json::json;

use crate::harness::{Lyceum, PASSWORD, new_user};

/// A mail of each purpose, in a fresh Lyceum, to somebody of that name.
async fn one_of_each(lyceum: &Arc<Lyceum>, first_name: &str) -> Vec<Mail> {
    let admin = lyceum.admin().await;
    let mut body = new_user("ada");
    body["first_name"] = json!(first_name);
    lyceum.anonymous().post("/v1/auth/register", body.clone()).await.is(202); // verify
    let token = lyceum.token_mailed_to("ada@school.test").await;
    lyceum.anonymous().verifies(&token).await.no_content();
    body["username"] = json!("lady");
    lyceum.anonymous().post("/v1/auth/register", body).await.is(202); // taken
    lyceum.anonymous().forgets_password("ada@school.test").await; // reset
    let token = lyceum.token_mailed_to("ada@school.test").await;
    lyceum.anonymous().resets_password(&token, PASSWORD).await.no_content(); // changed
    let tokens = lyceum.anonymous().signs_in_as("ada", PASSWORD).await.ok();
    let ada = lyceum.anonymous().with_token(tokens["access_token"].as_str().unwrap());
    ada.put("/v1/me/email", json!({ "email": "new@school.test", "password": PASSWORD })).await.is(202); // asked, verify new
    lyceum.mails().await;
    ada.send("DELETE", "/v1/me", Some(json!({ "password": PASSWORD }))).await.no_content(); // closed
    let invited =
        json!({ "email": "guest@school.test", "username": "guest", "first_name": first_name, "last_name": "O" });
    admin.post("/v1/users", invited).await.created(); // invitation
    lyceum.mails().await
}

/// Subject, recipient, and where its link leads.
const EACH: [(&str, &str, &str); 8] = [
    ("Please verify your email", "ada@school.test", "https://school.test/verify-email?token="),
    ("You already have an account", "ada@school.test", "https://school.test/login"),
    ("Choose a new password", "ada@school.test", "https://school.test/reset-password?token="),
    ("Your password was changed", "ada@school.test", "https://school.test/forgot-password"),
    ("Please verify your new email", "new@school.test", "https://school.test/verify-email?token="),
    ("Your email is about to change", "ada@school.test", "https://school.test/forgot-password"),
    ("Your account is closed", "ada@school.test", ""),
    ("You are invited: choose your password", "guest@school.test", "https://school.test/reset-password?token="),
];

#[tokio::test]
async fn each_purpose_has_a_text_and_html_and_its_link_from_configuration() {
    let lyceum = Lyceum::new().await;
    let mails = one_of_each(&lyceum, "Zoë").await;
    assert_eq!(mails.len(), EACH.len(), "{mails:#?}");
    for (subject, to, link) in EACH {
        let mail = mails.iter().find(|mail| mail.subject == subject).unwrap_or_else(|| panic!("{subject}"));
        assert_eq!(mail.to, to, "{subject}");
        // Nobody knows yet whether the name is one of the person who reads it.
        let hello = if subject.starts_with("Please verify") { "Hello," } else { "Hello Zoë," };
        assert!(mail.text.starts_with(hello), "{}", mail.text);
        assert!(mail.html.contains(&format!("<p>{hello}</p>")), "{}", mail.html);
        assert!(!mail.text.contains('<') && !mail.text.contains("&#"), "{}", mail.text);
        if link.is_empty() {
            assert!(!mail.text.contains("://") && !mail.html.contains("://"), "{}", mail.html);
        } else {
            assert!(mail.text.contains(link), "{}", mail.text);
            assert!(mail.html.contains(&format!("href=\"{link}")), "{}", mail.html);
        }
        assert!(!mail.html.contains("<img") && !mail.html.contains("<script"), "nothing is loaded");
    }
}

#[tokio::test]
async fn each_purpose_escapes_names_in_html_and_says_them_plainly_in_text() {
    let lyceum = Lyceum::new().await;
    let name = "A<b>&\"'";
    let mails = one_of_each(&lyceum, name).await;
    for mail in mails.iter().filter(|mail| !mail.subject.starts_with("Please verify")) {
        assert!(mail.text.starts_with(&format!("Hello {name},")), "{}", mail.text);
        assert!(!mail.html.contains("A<b>") && !mail.html.contains("&\"'"), "{}", mail.html);
        assert!(mail.html.contains("Hello A&#60;b&#62;&#38;&#34;&#39;,"), "{}", mail.html);
    }
}

#[tokio::test]
async fn a_name_that_advertises_is_not_said() {
    let lyceum = Lyceum::new().await;
    for mail in one_of_each(&lyceum, "Win money at https://evil.test").await {
        assert!(mail.text.starts_with("Hello,"), "{}", mail.text);
        assert!(!mail.text.contains("evil") && !mail.html.contains("evil"), "{}", mail.text);
    }
}

#[tokio::test]
async fn no_name_adds_a_recipient_or_a_header() {
    let lyceum = Lyceum::new().await;
    let mut body = new_user("ada");
    body["first_name"] = json!("Ada\r\nBcc: thief@evil.test\r\nSubject: Other");
    body["last_name"] = json!("\"<thief@evil.test>, x\r\n\r\nA body");
    lyceum.anonymous().post("/v1/auth/register", body).await.is(202);
    let mails = lyceum.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!((&*mails[0].to, &*mails[0].subject), ("ada@school.test", "Please verify your email"));
    assert!(mails[0].text.starts_with("Hello,"), "{}", mails[0].text);
    let token = lyceum.token_mailed_to("ada@school.test").await;
    lyceum.anonymous().verifies(&token).await.no_content();
}

/// Protects against H11: a stranger's 511 characters in front of somebody's mailbox.
#[tokio::test]
async fn the_recipient_of_a_mail_is_an_address_without_a_name() {
    let lyceum = Lyceum::new().await;
    let mut body = new_user("ada");
    body["first_name"] = json!("You won! Call 555 0100 ".repeat(11));
    lyceum.anonymous().post("/v1/auth/register", body).await.is(202);
    let mails = lyceum.mails().await;
    assert_eq!(mails[0].to, "ada@school.test");
    assert!(!format!("{mails:?}").contains("You won"), "{mails:?}");
}
