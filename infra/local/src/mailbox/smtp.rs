//! The server side of SMTP, without TLS and passwords, for this machine only.

use std::borrow::Cow;
use std::io;
use std::mem;
use std::slice::Iter;
use std::time::Duration;

use smtp_proto::request::receiver::{DataReceiver, DummyDataReceiver, RequestReceiver};
use smtp_proto::{Error, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::Mailbox;

const SIZE_LIMIT: usize = 10 * 1024 * 1024;
const RECIPIENTS_LIMIT: usize = 100;
const FAULTS_LIMIT: usize = 20; // more faults don't come from a mail program
const SILENCE_LIMIT: Duration = Duration::from_mins(5);

/// Accepts connections until the runtime ends.
pub(super) async fn listen(listener: TcpListener, mailbox: Mailbox) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let session = Session::new(mailbox.clone());
                tokio::spawn(async move {
                    let _ = session.run(stream).await; // the client may have disconnected
                });
            }
            Err(_) => sleep(Duration::from_millis(100)).await, // too many open files; try again
        }
    }
}

/// What the session expects to receive next.
enum Expecting {
    Command(RequestReceiver),
    Mail(DataReceiver, Vec<u8>),
    /// The rest of a mail that is too large, which is discarded.
    Waste(DummyDataReceiver),
}

/// One connection.
struct Session {
    mailbox: Mailbox,
    expecting: Expecting,
    has_sender: bool,
    recipients: Vec<String>,
    faults: usize,
    closing: bool,
}

impl Session {
    fn new(mailbox: Mailbox) -> Self {
        Self {
            mailbox,
            expecting: Expecting::Command(RequestReceiver::default()),
            has_sender: false,
            recipients: Vec::new(),
            faults: 0,
            closing: false,
        }
    }

    async fn run(mut self, mut stream: TcpStream) -> io::Result<()> {
        stream.write_all(b"220 localhost ESMTP\r\n").await?;
        let mut buffer = vec![0; 16 * 1024];
        while !self.closing {
            let length = timeout(SILENCE_LIMIT, stream.read(&mut buffer)).await??;
            if length == 0 {
                break;
            }
            let mut bytes = buffer[..length].iter();
            while !self.closing
                && let Some(reply) = self.take_in(&mut bytes).await
            {
                stream.write_all(reply.as_bytes()).await?;
            }
        }
        stream.shutdown().await
    }

    /// Consumes bytes and returns the reply to a complete command or mail. Returns `None` when more bytes are needed.
    async fn take_in(&mut self, bytes: &mut Iter<'_, u8>) -> Option<Cow<'static, str>> {
        match &mut self.expecting {
            Expecting::Command(receiver) => match receiver.ingest(bytes) {
                Ok(request) => {
                    let request = request.into_owned();
                    Some(self.execute(request))
                }
                Err(Error::NeedsMoreData { .. }) => None,
                Err(error) => Some(self.reject(&error)),
            },
            Expecting::Mail(receiver, mail) => {
                if receiver.ingest(bytes, mail) {
                    let mail = mem::take(mail);
                    return Some(self.deliver(mail).await.into());
                }
                if mail.len() > SIZE_LIMIT {
                    self.expecting = Expecting::Waste(DummyDataReceiver::new_data(receiver));
                }
                None
            }
            Expecting::Waste(receiver) => receiver.ingest(bytes).then(|| {
                self.reset();
                TOO_LARGE.into()
            }),
        }
    }

    fn execute(&mut self, request: Request<String>) -> Cow<'static, str> {
        match request {
            Request::Helo { .. } => "250 localhost\r\n".into(),
            Request::Ehlo { .. } => {
                self.reset();
                format!("250-localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {SIZE_LIMIT}\r\n")
                    .into()
            }
            Request::Mail { from } if from.size > SIZE_LIMIT => TOO_LARGE.into(),
            Request::Mail { .. } => {
                self.reset();
                self.has_sender = true;
                OK.into()
            }
            Request::Rcpt { .. } if !self.has_sender => BAD_ORDER.into(),
            Request::Rcpt { .. } if self.recipients.len() == RECIPIENTS_LIMIT => {
                "452 4.5.3 Too many recipients\r\n".into()
            }
            Request::Rcpt { to } => {
                // a line break would start another header in the stored mail
                self.recipients.push(to.address.replace(char::is_control, ""));
                OK.into()
            }
            Request::Data if self.recipients.is_empty() => BAD_ORDER.into(),
            Request::Data => {
                self.expecting = Expecting::Mail(DataReceiver::new(), Vec::new());
                "354 Go ahead, end with a dot alone\r\n".into()
            }
            Request::Rset => {
                self.reset();
                OK.into()
            }
            Request::Noop { .. } => OK.into(),
            Request::Vrfy { .. } => "252 2.0.0 Send it and see\r\n".into(),
            Request::Quit => {
                self.closing = true;
                "221 2.0.0 Bye\r\n".into()
            }
            _ => self.reject(&Error::UnknownCommand),
        }
    }

    fn reject(&mut self, error: &Error) -> Cow<'static, str> {
        self.faults += 1;
        if self.faults == FAULTS_LIMIT {
            self.closing = true;
            return "421 4.7.0 Too many errors\r\n".into();
        }
        match error {
            Error::UnknownCommand => "500 5.5.1 Unknown command\r\n".into(),
            Error::InvalidSenderAddress => "501 5.1.7 Bad sender address\r\n".into(),
            Error::InvalidRecipientAddress => "501 5.1.3 Bad recipient address\r\n".into(),
            Error::ResponseTooLong => "500 5.5.6 Line too long\r\n".into(),
            _ => "501 5.5.4 Syntax error\r\n".into(),
        }
    }

    async fn deliver(&mut self, mail: Vec<u8>) -> &'static str {
        let recipients = mem::take(&mut self.recipients);
        self.reset();
        if mail.len() > SIZE_LIMIT {
            return TOO_LARGE;
        }
        let mailbox = self.mailbox.clone();
        match spawn_blocking(move || mailbox.store(&recipients, &mail)).await {
            Ok(Ok(())) => OK,
            _ => "451 4.3.0 Could not be stored\r\n",
        }
    }

    /// Discards the current mail and expects commands again.
    fn reset(&mut self) {
        self.has_sender = false;
        self.recipients.clear();
        if !matches!(self.expecting, Expecting::Command(_)) {
            self.expecting = Expecting::Command(RequestReceiver::default());
        }
    }
}

const OK: &str = "250 2.0.0 OK\r\n";
const BAD_ORDER: &str = "503 5.5.1 MAIL, then RCPT, then DATA\r\n";
const TOO_LARGE: &str = "552 5.3.4 Larger than 10 MiB\r\n";
