use std::time::SystemTime;

use super::*;

#[tokio::test]
async fn ranges_are_served_as_s3_does() {
    let test = Fixture::new().await;
    test.put("ten", TEXT.to_vec()).await;
    test.put("none", Vec::new()).await;
    let link = test.link(test.get("ten")).await;
    for (range, content_range, body) in [
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=0-999", "bytes 0-9/10", "0123456789"),
        ("bytes=-3", "bytes 7-9/10", "789"),
        ("bytes=-99", "bytes 0-9/10", "0123456789"),
    ] {
        let part = test.fetch(&link, &[(RANGE, range)]).await;
        assert_eq!(part.status(), 206, "{range}");
        assert_eq!((header(&part, "content-range"), header(&part, "accept-ranges")), (content_range, "bytes"));
        assert_eq!(header(&part, "content-length"), body.len().to_string());
        assert_eq!(part.text().await.unwrap(), body);
    }
    assert_eq!(test.fetch(&link, &[(RANGE, "bytes=10-")]).await.status(), 416);
    let empty = test.link(test.get("none")).await;
    assert_eq!(test.fetch(&empty, &[(RANGE, "bytes=0-")]).await.status(), 416);
    assert_eq!(test.fetch(&empty, &[(RANGE, "bytes=-5")]).await.status(), 416);
    assert_eq!(test.fetch(&empty, &[]).await.status(), 200);
}

#[tokio::test]
async fn presigned_urls_set_response_headers_and_cannot_be_changed() {
    let test = Fixture::new().await;
    test.put("paper", TEXT.to_vec()).await;
    test.put("other", TEXT.to_vec()).await;
    let get = test.get("paper").response_content_type("application/pdf").response_cache_control("private, max-age=60");
    let link = test.link(get.response_content_disposition("attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe.pdf")).await;
    let answer = test.fetch(&link, &[]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-type"), "application/pdf");
    assert_eq!(header(&answer, "cache-control"), "private, max-age=60");
    assert!(header(&answer, "content-disposition").contains("Gr%C3%BC"));
    assert_eq!(answer.bytes().await.unwrap(), TEXT);

    for changed in [
        link.replace("/paper", "/other"),
        link.replace("application%2Fpdf", "text%2Fhtml"),
        link.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"),
        link.split('?').next().unwrap().to_owned(),
    ] {
        assert_ne!(changed, link);
        assert_eq!(test.fetch(&changed, &[]).await.status(), 403, "{changed}");
    }
    let stranger = client(&test.storage, "guess").get_object().bucket(BUCKET).key("paper").send().await;
    assert_eq!(status(&stranger.unwrap_err()), 403);

    let past = PresigningConfig::builder()
        .start_time(SystemTime::now() - Duration::from_secs(61))
        .expires_in(Duration::from_mins(1))
        .build();
    let expired = test.get("paper").presigned(past.unwrap()).await.unwrap();
    assert_eq!(test.fetch(expired.uri(), &[]).await.status(), 403);
}

#[tokio::test]
async fn a_conditional_read_of_known_content_is_304() {
    let test = Fixture::new().await;
    let e_tag = test.put("kept", TEXT.to_vec()).await;
    let link = test.link(test.get("kept")).await;
    let modified = header(&test.fetch(&link, &[]).await, "last-modified").to_owned();
    for (status, condition) in [
        (304, (IF_NONE_MATCH, &*e_tag)),
        (304, (IF_NONE_MATCH, "*")),
        (304, (IF_MODIFIED_SINCE, &*modified)),
        (200, (IF_NONE_MATCH, "\"other\"")),
        (200, (IF_MODIFIED_SINCE, "Mon, 01 Jan 2024 00:00:00 GMT")),
    ] {
        let answer = test.fetch(&link, std::slice::from_ref(&condition)).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "etag")), (status, &*e_tag), "{condition:?}");
        assert_eq!(answer.bytes().await.unwrap().len(), if status == 304 { 0 } else { TEXT.len() });
    }
    let head = test.s3.head_object().bucket(BUCKET).key("kept").if_none_match(&e_tag).send().await;
    assert_eq!(status(&head.unwrap_err()), 304);
}

#[tokio::test]
async fn if_match_reads_only_the_given_content() {
    let test = Fixture::new().await;
    let first = test.put("kept", TEXT.to_vec()).await;
    let part = |e_tag: &str| test.get("kept").if_match(e_tag).range("bytes=2-4").send();
    assert_eq!(part(&first).await.unwrap().body.collect().await.unwrap().to_vec(), b"234");
    let second = test.put("kept", b"overwritten".to_vec()).await;
    assert_eq!(status(&part(&first).await.unwrap_err()), 412);
    assert_eq!(part(&second).await.unwrap().content_range(), Some("bytes 2-4/11"));
    let head = test.s3.head_object().bucket(BUCKET).key("kept").if_match(&first).send().await;
    assert_eq!(status(&head.unwrap_err()), 412);
    // without versioning, the only version is called null
    assert!(test.get("kept").version_id("null").send().await.unwrap().version_id().is_none());
    assert_eq!(test.get("kept").version_id("1").send().await.unwrap_err().code(), Some("NoSuchVersion"));
}

#[tokio::test]
async fn browsers_of_any_origin_are_allowed() {
    let test = Fixture::new().await;
    test.put("seen", TEXT.to_vec()).await;
    let link = test.link(test.get("seen")).await;
    let asked = test
        .http
        .request(reqwest::Method::OPTIONS, &link)
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "content-type,x-amz-checksum-sha256");
    let asked = asked.send().await.unwrap();
    assert_eq!(asked.status(), 200);
    assert_eq!(header(&asked, "access-control-allow-origin"), "*");
    assert!(header(&asked, "access-control-allow-methods").contains("PUT"));
    assert_eq!(header(&asked, "access-control-allow-headers"), "content-type,x-amz-checksum-sha256");

    for link in [&*link, &link.replace("seen", "unseen")] {
        let answer = test.fetch(link, &[("origin".parse().unwrap(), "http://localhost:3000")]).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        for name in ["etag", "content-range", "accept-ranges", "content-length"] {
            assert!(header(&answer, "access-control-expose-headers").contains(name), "{name}");
        }
    }
}
