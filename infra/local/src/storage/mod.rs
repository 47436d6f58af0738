//! S3 on this machine: s3s implements the protocol and checks signatures, s3s-fs stores the files.
//!
//! | file | what |
//! | --- | --- |
//! | `guarded` | the supported operations; `reading`, `writing`, `multipart` correct s3s-fs |
//! | `access` | which requests need no signature |
//! | `checks` | the rules of keys, versions and conditions |
//! | `staged`, `parts`, `tags` | the files of objects and of multipart uploads |
//! | `forms` | the errors of refused form uploads |
//!
//! As in a bucket without versions, objects have no `VersionId`. Clients pin an object's content by its `ETag`.

mod access;
mod checks;
mod forms;
mod guarded;
mod multipart;
mod parts;
mod reading;
mod staged;
mod tags;
mod writing;

#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use s3s::auth::SimpleAuth;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tower::{Layer, ServiceExt};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use guarded::Guarded;

/// How many events are kept for a slow receiver before it misses the oldest.
const EVENTS_KEPT: usize = 1024;

/// An S3 endpoint with one bucket. Accepts no more connections after drop.
pub struct Storage {
    port: u16,
    bucket: String,
    objects: Guarded,
    listener: JoinHandle<()>,
}

/// An object that was just written, with the data of S3's `ObjectCreated` event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The kind of event: `ObjectCreated:Put`, `…:Post`, `…:Copy` or `…:CompleteMultipartUpload`.
    pub event: &'static str,
    /// The bucket.
    pub bucket: String,
    /// The key, not percent-encoded (S3's own events encode it).
    pub key: String,
    /// The size in bytes.
    pub size: u64,
    /// The `ETag`, without quotes.
    pub e_tag: String,
}

impl Storage {
    /// Serves `root` on 127.0.0.1 to clients with these keys, and creates the bucket if it is missing. Port 0 picks a
    /// free port.
    ///
    /// # Errors
    /// Fails when the port is in use, when `root` can't be used, or when S3 doesn't allow the bucket's name.
    pub async fn start(root: &Path, port: u16, access_key: &str, secret_key: &str, bucket: &str) -> Result<Self> {
        anyhow::ensure!(s3s::path::check_bucket_name(bucket), "{bucket:?} can't be the name of a bucket");
        let folder = root.join(bucket);
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => {
                anyhow::anyhow!("port {port} for S3 is in use: stop the program that uses it, or choose another port")
            }
            _ => error.into(),
        })?;

        let objects = Guarded::new(root, broadcast::Sender::new(EVENTS_KEPT))?;
        let mut service = S3ServiceBuilder::new(objects.clone());
        service.set_auth(SimpleAuth::from_single(access_key, secret_key));
        service.set_access(access::Policy);
        service.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config()))));
        let service = ServiceExt::<Request<Incoming>>::map_response(service.build(), forms::with_s3_code);
        let service = TowerToHyperService::new(cors().layer(service));
        Ok(Self {
            port: listener.local_addr()?.port(),
            bucket: bucket.to_owned(),
            objects,
            listener: tokio::spawn(async move {
                let http = Builder::new(TokioExecutor::new());
                loop {
                    let Ok((stream, _)) = listener.accept().await else {
                        tokio::time::sleep(Duration::from_millis(100)).await; // too many open files; try again
                        continue;
                    };
                    let connection = http.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
                    tokio::spawn(async move {
                        let _ = connection.await; // the client may have disconnected
                    });
                }
            }),
        })
    }

    /// Returns the URL, for clients with path-style addressing.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Subscribes to the events of all objects written from now on.
    pub fn created(&self) -> broadcast::Receiver<Created> {
        self.objects.created.subscribe()
    }

    /// Returns all objects below a prefix, in the form of their events.
    ///
    /// # Errors
    /// Fails when the objects can't be read.
    pub async fn objects(&self, prefix: &str) -> Result<Vec<Created>> {
        Ok(self.objects.all(&self.bucket, prefix).await?)
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Accepts signed forms until their policy expires; the default of s3s is 15 minutes after signing.
fn config() -> S3Config {
    let mut config = S3Config::default();
    config.presigned_url_max_skew_time_secs = 24 * 60 * 60;
    config
}

/// The bucket's CORS configuration: browsers upload to it and play from it.
fn cors() -> CorsLayer {
    use http::Method;
    use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG};

    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::PUT, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([ETAG, CONTENT_RANGE, ACCEPT_RANGES, CONTENT_LENGTH])
        .max_age(Duration::from_hours(1))
}
