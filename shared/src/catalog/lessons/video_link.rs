//! Addresses of videos at other providers, in the forms that they play.

use url::Url;

use super::VideoProvider;
use crate::catalog::web_url;
use crate::error::{Error, Fault, Result};

/// Checks that the address is one of a video at that provider.
///
/// # Errors
/// 422.
pub(super) fn check(provider: Option<VideoProvider>, url: Option<&str>) -> Result<()> {
    let (Some(provider), Some(url)) = (provider, url) else { return Ok(()) };
    let (is_video, examples) = match provider {
        VideoProvider::Youtube => (is_youtube(url), "https://www.youtube.com/watch?v=… or https://youtu.be/…"),
        VideoProvider::Vimeo => (is_vimeo(url), "https://vimeo.com/… or https://player.vimeo.com/video/…"),
        VideoProvider::SelfHosted => (true, ""), // anywhere
    };
    if is_video {
        return Ok(());
    }
    let detail = format!("It is no address of a video there; write it as {examples}.");
    Err(Error::invalid(Fault::at("/video_url", "invalid_video_url", detail)))
}

/// The host, without the prefixes that lead to the same site, and the parts of the path. `None` for an address with a
/// user or a port, which no player has.
fn parts(url: &Url) -> Option<(&str, Vec<&str>)> {
    if !url.username().is_empty() || url.password().is_some() || url.port().is_some() {
        return None;
    }
    let host = url.host_str()?;
    let host = ["www.", "m.", "music."].iter().find_map(|site| host.strip_prefix(site)).unwrap_or(host);
    Some((host, url.path().split('/').filter(|part| !part.is_empty()).collect()))
}

fn is_youtube(url: &str) -> bool {
    let Some(url) = web_url::parse(url) else { return false };
    let Some((host, path)) = parts(&url) else { return false };
    let id = match (host, path.as_slice()) {
        ("youtu.be", [id])
        | ("youtube.com", ["embed" | "shorts" | "live" | "v", id])
        | ("youtube-nocookie.com", ["embed", id]) => Some((*id).to_owned()),
        ("youtube.com", ["watch"]) => {
            url.query_pairs().find_map(|(name, value)| (name == "v").then(|| value.into_owned()))
        }
        _ => None,
    };
    id.is_some_and(|id| {
        id.len() == 11 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

fn is_vimeo(url: &str) -> bool {
    let Some(url) = web_url::parse(url) else { return false };
    let Some((host, path)) = parts(&url) else { return false };
    let number = |id: &str| (1..=12).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    // The key of an unlisted video.
    let hash = |hash: &str| hash.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match (host, path.as_slice()) {
        ("vimeo.com", [id] | ["channels", _, id] | ["groups" | "showcase" | "album", _, "videos" | "video", id])
        | ("player.vimeo.com", ["video", id]) => number(id),
        ("vimeo.com", [id, key]) => number(id) && hash(key),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_youtube_videos() {
        for url in [
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            "http://youtube.com/watch?t=42s&v=dQw4w9WgXcQ",
            "https://m.youtube.com/watch?v=dQw4w9WgXcQ&list=x",
            "https://youtu.be/dQw4w9WgXcQ?si=abc",
            "https://WWW.YouTube.com/embed/dQw4w9WgXcQ",
            "https://www.youtube-nocookie.com/embed/-_w4w9WgXcQ",
            "https://www.youtube.com/shorts/dQw4w9WgXcQ",
            "https://www.youtube.com/watch?list=größe&v=dQw4w9WgXcQ",
        ] {
            assert!(is_youtube(url), "{url}");
        }
        for url in [
            "https://www.youtube.com/",
            "https://www.youtube.com/watch?v=short",
            "https://www.youtube.com/watch?w=dQw4w9WgXcQ",
            "https://www.youtube.com/watch?v=dQw4w9WgXc%22",
            "https://www.youtube.com/@someone",
            "https://youtube.com.evil.test/watch?v=dQw4w9WgXcQ",
            "https://youtube.com@evil.test/watch?v=dQw4w9WgXcQ",
            "https://evil@youtube.com/watch?v=dQw4w9WgXcQ",
            "https://youtube.com:8443/watch?v=dQw4w9WgXcQ",
            "https://evil.test/youtube.com/watch?v=dQw4w9WgXcQ",
            "https://vimeo.com/76979871",
        ] {
            assert!(!is_youtube(url), "{url}");
        }
    }

    #[test]
    fn addresses_of_vimeo_videos() {
        for url in [
            "https://vimeo.com/76979871",
            "https://www.vimeo.com/76979871?share=copy",
            "https://vimeo.com/76979871/8272103f6e",
            "https://player.vimeo.com/video/76979871?h=8272103f6e",
            "https://vimeo.com/channels/staffpicks/76979871",
            "https://vimeo.com/groups/shortfilms/videos/76979871",
            "https://vimeo.com/showcase/123/video/76979871",
        ] {
            assert!(is_vimeo(url), "{url}");
        }
        for url in [
            "https://vimeo.com/",
            "https://vimeo.com/someone",
            "https://vimeo.com/76979871/%22",
            "https://vimeo.com.evil.test/76979871",
            "https://player.vimeo.com/76979871",
            "https://youtu.be/dQw4w9WgXcQ",
        ] {
            assert!(!is_vimeo(url), "{url}");
        }
    }
}
