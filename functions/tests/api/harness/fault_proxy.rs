//! A proxy between Lyceum and a server it depends on, which simulates network faults.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The fault, which affects the server's responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No fault.
    None,
    /// Delays each chunk of up to a kilobyte.
    Slow(Duration),
    /// Resets the connection after this number of bytes of a response.
    CutAfter(usize),
    /// Sends nothing and keeps the connection open.
    Silent,
}

pub struct FaultProxy {
    pub address: SocketAddr,
    fault: watch::Sender<Fault>,
    server: JoinHandle<()>,
}

impl FaultProxy {
    /// Starts a proxy to `target`.
    pub async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fault = watch::Sender::new(Fault::None);
        let faults = fault.subscribe();
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, target, faults.clone()));
            }
        });
        Self { address, fault, server }
    }

    /// Changes the fault, also for open connections.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(client: TcpStream, target: SocketAddr, mut faults: watch::Receiver<Fault>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let (mut piece, mut passed) = ([0; 1024], 0);
    while let Ok(length @ 1..) = from_server.read(&mut piece).await {
        let fault = *faults.borrow_and_update();
        match fault {
            Fault::None => {}
            Fault::Slow(delay) => tokio::time::sleep(delay).await, // the simulated fault
            Fault::CutAfter(bytes) if passed + length > bytes => {
                let _ = to_client.write_all(&piece[..bytes.saturating_sub(passed)]).await;
                let _ = to_client.as_ref().set_zero_linger(); // a reset instead of a regular end
                break;
            }
            Fault::CutAfter(_) => passed += length,
            Fault::Silent => {
                let _ = faults.wait_for(|fault| *fault != Fault::Silent).await;
                break; // lost bytes are not sent later
            }
        }
        if to_client.write_all(&piece[..length]).await.is_err() {
            break;
        }
    }
    asking.abort();
}
