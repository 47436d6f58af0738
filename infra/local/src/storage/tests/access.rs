//! Requests without a signature.

use reqwest::Method;

use super::*;

impl Fixture {
    async fn anonymously(&self, method: Method, path: &str) -> (u16, String) {
        let url = format!("{}/{path}", self.storage.endpoint());
        let answer = self.http.request(method, url).body("x").send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn anonymous_callers_can_only_read_public_objects() {
    let test = Fixture::new().await;
    for key in ["public/pictures/1.jpg", "media/1.mp4", "publication"] {
        test.put(key, TEXT.to_vec()).await;
    }
    let picture = format!("{BUCKET}/public/pictures/1.jpg");
    let text = String::from_utf8(TEXT.to_vec()).unwrap();
    assert_eq!(test.anonymously(Method::GET, &picture).await, (200, text));
    assert_eq!(test.anonymously(Method::HEAD, &picture).await.0, 200);
    for (method, path) in [
        (Method::GET, "media/1.mp4"),
        (Method::HEAD, "media/1.mp4"),
        (Method::GET, "publication"),
        (Method::GET, "public/pictures/2.jpg"), // doesn't show whether it exists
        (Method::GET, "public/pictures/1.jpg?tagging"),
        (Method::GET, ""),
        (Method::GET, "?list-type=2&prefix=public/"),
        (Method::GET, "?uploads"),
        (Method::PUT, "public/pictures/1.jpg"),
        (Method::PUT, "public/new"),
        (Method::DELETE, "public/pictures/1.jpg"),
        (Method::POST, "public/pictures/1.jpg?uploads"),
        (Method::POST, "?delete"),
    ] {
        let (status, told) = test.anonymously(method.clone(), &format!("{BUCKET}/{path}")).await;
        assert_eq!(status, 403, "{method} {path}: {told}");
    }
    for (path, code) in [
        ("public/%2e%2e/media/1.mp4", "InvalidArgument"),
        ("public/..%2fmedia/1.mp4", "InvalidArgument"),
        ("public/pictures/1.jpg?response-content-type=text/html", "InvalidRequest"),
    ] {
        // sent raw: a client's URL type would resolve the dots
        let mut stream =
            tokio::net::TcpStream::connect(test.storage.endpoint().trim_start_matches("http://")).await.unwrap();
        let request = format!("GET /{BUCKET}/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let mut told = String::new();
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut told).await.unwrap();
        assert!(told.starts_with("HTTP/1.1 400") && told.contains(&format!("<Code>{code}</Code>")), "{path}: {told}");
    }
    assert_eq!(test.text("media/1.mp4").await.as_bytes(), TEXT);
}
