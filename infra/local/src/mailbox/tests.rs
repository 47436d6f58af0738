#![expect(clippy::disallowed_methods, reason = "folders of their own")]

use std::fs;
use std::path::{Path, PathBuf};

use lettre::message::{MultiPart, header};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Message, Tokio1Executor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::{MAX_MAILS, Mailbox};

/// A temporary folder, removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("lyceum-mailbox-{}", Uuid::now_v7())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn letter(to: &[&str], subject: &str) -> lettre::message::MessageBuilder {
    let mut letter = Message::builder().from("Lyceum <no-reply@lyceum.test>".parse().unwrap()).subject(subject);
    for address in to {
        letter = letter.to(address.parse().unwrap());
    }
    letter
}

async fn send(mailbox: &Mailbox, message: Message) {
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&mailbox.url()).unwrap().build();
    transport.send(message).await.unwrap();
}

/// Sends raw bytes, closes the connection, and returns all replies.
async fn say(mailbox: &Mailbox, bytes: &[u8]) -> String {
    let address = mailbox.url().replace("smtp://", "");
    let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
    let answers = tokio::spawn(async move {
        let mut answers = Vec::new();
        let _ = read.read_to_end(&mut answers).await;
        String::from_utf8_lossy(&answers).into_owned()
    });
    let _ = write.write_all(bytes).await; // the server may disconnect before the end
    drop(write);
    answers.await.unwrap()
}

fn eml_files(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}

#[tokio::test]
async fn a_mail_is_stored_at_once_and_survives_a_restart() {
    let folder = Folder::new();
    let mailbox = Mailbox::start(&folder.0, 0).await.unwrap();
    let both = MultiPart::alternative_plain_html(".Grüße\r\n.\r\n..zwei".to_owned(), "<p>Grüße</p>".to_owned());
    let message =
        letter(&["Ada <ada@demo.test>", "bob@demo.test"], "Prüfung bestanden: 100 % 🎓, und noch ein langer Rest dazu")
            .bcc("blind@demo.test".parse().unwrap());
    send(&mailbox, message.multipart(both).unwrap()).await;
    send(
        &mailbox,
        letter(&["ada@demo.test"], "Second").header(header::ContentType::TEXT_PLAIN).body("plain".to_owned()).unwrap(),
    )
    .await;

    for mailbox in [&mailbox, &Mailbox::start(&folder.0, 0).await.unwrap()] {
        let [second, first] = &mailbox.newest_first()[..] else { panic!("two mails") };
        assert_eq!(second.subject, "Second");
        assert_eq!((second.text.trim_end(), &*second.html), ("plain", ""));
        assert_eq!(first.to, "ada@demo.test, bob@demo.test, blind@demo.test");
        assert_eq!(first.subject, "Prüfung bestanden: 100 % 🎓, und noch ein langer Rest dazu");
        assert_eq!(first.text.trim_end().replace('\r', ""), ".Grüße\n.\n..zwei");
        assert_eq!(first.html.trim_end(), "<p>Grüße</p>");
        assert!(first.id < second.id && first.sent_at <= second.sent_at);
        assert!(first.sent_at.ends_with('Z') && first.sent_at.len() == 24, "{}", first.sent_at);
    }
}

#[tokio::test]
async fn dots_are_unstuffed_and_a_mail_cannot_forge_its_envelope() {
    let folder = Folder::new();
    let mailbox = Mailbox::start(&folder.0, 0).await.unwrap();
    let answers = say(
        &mailbox,
        b"EHLO me\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\nSubject: x\r\nX-Envelope-To: liar@d.test\r\n\r\n..one\r\n...two\r\n.\r\nQUIT\r\n",
    )
    .await;
    assert!(answers.ends_with("250 2.0.0 OK\r\n221 2.0.0 Bye\r\n"), "{answers}");
    let mail = mailbox.newest_first().remove(0);
    assert_eq!(mail.text.trim_end(), ".one\r\n..two");
    assert_eq!(mail.to, "c@d.test");
}

#[tokio::test]
async fn the_server_survives_garbage() {
    let folder = Folder::new();
    let mailbox = Mailbox::start(&folder.0, 0).await.unwrap();
    let noise: Vec<u8> = (0..200_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for garbage in [
        &noise[..],
        &b"\r\n\r\n\n\n"[..],
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        &vec![b'A'; 100_000],
        &[0; 10_000],
        &[b'\n'; 10_000],
        b"EHLO\r\nMAIL FROM:<<<\r\nRCPT TO:\r\nDATA\r\nBDAT 5\r\nhello",
        b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n\xff\xfe\r\n",
    ] {
        say(&mailbox, garbage).await;
    }
    assert!(mailbox.newest_first().is_empty());
    let odd = b"MAIL FROM:<>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n\xff\xfe\0: \x80\r\n\r\n\xff\r\n.\r\n";
    assert!(say(&mailbox, odd).await.ends_with("250 2.0.0 OK\r\n"));
    send(&mailbox, letter(&["ada@demo.test"], "Still here").body(String::new()).unwrap()).await;
    assert_eq!(mailbox.newest_first()[0].subject, "Still here");
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_refused_and_the_session_continues() {
    let folder = Folder::new();
    let mailbox = Mailbox::start(&folder.0, 0).await.unwrap();
    let declared = say(&mailbox, b"EHLO me\r\nMAIL FROM:<a@b.test> SIZE=99999999\r\nQUIT\r\n").await;
    assert!(declared.contains("552 "), "{declared}");

    let mut large = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n".to_vec();
    large.extend(b"0123456789abcde\r\n".repeat(700_000));
    large.extend(b".\r\nNOOP\r\nQUIT\r\n");
    let answers = say(&mailbox, &large).await;
    assert!(answers.ends_with("552 5.3.4 Larger than 10 MiB\r\n250 2.0.0 OK\r\n221 2.0.0 Bye\r\n"), "{answers}");
    assert!(mailbox.newest_first().is_empty());
}

#[tokio::test]
async fn only_the_newest_mails_are_kept() {
    let folder = Folder::new();
    let mailbox = Mailbox::start(&folder.0, 0).await.unwrap();
    for number in 0..=MAX_MAILS {
        mailbox.store(&["a@b.test".to_owned()], format!("Subject: {number}\r\n\r\n").as_bytes()).unwrap();
    }
    let mails = mailbox.newest_first();
    assert_eq!((mails.len(), eml_files(&folder.0)), (MAX_MAILS, MAX_MAILS));
    assert_eq!((&*mails[0].subject, &*mails[MAX_MAILS - 1].subject), ("500", "1"));
}
