//! The text that `cargo run` prints when the stack is ready.

use crate::demo;

/// Returns two lines for a POSIX shell: the first signs in and stores the access token, the second uses it.
#[must_use]
pub fn first_calls(url: &str) -> [String; 2] {
    let (student, password) = (demo::STUDENT, demo::PASSWORD);
    [
        format!(
            "token=$(curl -s {url}/v1/auth/login -H 'Content-Type: application/json' \
             -d '{{\"identifier\": \"{student}\", \"password\": \"{password}\"}}' \
             | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
        ),
        format!("curl -H \"Authorization: Bearer $token\" {url}/v1/me"),
    ]
}

/// Returns the addresses, and the demo accounts if they exist.
#[must_use]
pub fn welcome(url: &str, has_demo_accounts: bool) -> String {
    let demo = if has_demo_accounts {
        let accounts = demo::ACCOUNTS.map(|(email, who)| format!("  {email:<24} {who}")).join("\n");
        let calls = first_calls(url).map(|line| format!("  {line}")).join("\n");
        format!(
            "Demo accounts, all with the password \"{}\":\n{accounts}\n\n\
             A first call as the student: sign in, then use the token (valid for 15 minutes).\n{calls}\n\n",
            demo::PASSWORD
        )
    } else {
        String::new()
    };
    format!(
        "\nLyceum is ready at {url}\n\n  \
         {url}              start here, in a browser\n  \
         {url}/docs         the API documentation, where you can try calls\n  \
         {url}/_local/mail  the mails that were sent\n\n\
         {demo}To print the environment for other programs: cargo run -- env\nStop with Ctrl-C."
    )
}
