//! Access tokens (JWT): only our algorithm, our keys and our claims are accepted (RFC 8725).

use std::sync::Arc;

use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
use serde_json::{Value, json};

use super::forgery::{
    Genuine, by_a_foreign_key, encode, es384, foreign_jwk, hmac, in_der, join, rs256, signed, signed_as_ours, with,
    with_other_s,
};
use crate::harness::Lyceum;

/// The name of each forgery, and the token.
type Corpus = Vec<(String, String)>;

#[tokio::test]
async fn none_of_200_forged_tokens_is_accepted() {
    let lyceum = Lyceum::new().await;
    let (admin, other) = (lyceum.admin().await, lyceum.student().await);
    let genuine = Genuine::new(admin.token());
    let mut corpus = algorithms(&genuine, &public_keys(&lyceum).await);
    corpus.extend(headers(&genuine));
    corpus.extend(claims(&genuine, &Genuine::new(other.token()), lyceum.clock.now().timestamp()));
    corpus.extend(signatures(&genuine));
    corpus.extend(forms(&genuine));

    let own = signed_as_ours(&genuine.header, &genuine.claims);
    lyceum.anonymous().with_token(&own).get("/v1/me").await.ok(); // proves that the tools create valid tokens
    for (name, token) in &corpus {
        assert_ne!(*token, admin.token(), "{name}");
        let answer = lyceum.anonymous().with_token(token).get("/v1/me").await;
        assert_eq!(answer.status, 401, "{name}: {token}");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{name}");
        let refused = answer.problem(401, "unauthorized");
        assert!(!refused["detail"].as_str().unwrap().contains("ey"), "{name}");
    }
    assert!(corpus.len() >= 200, "{}", corpus.len());
    admin.get("/v1/me").await.ok();
}

/// ES256 signatures are malleable: if s is valid, the order of the curve minus s is valid too, which RFC 7515 allows.
/// Sessions don't depend on a token's bytes, so the second form belongs to the same session and ends with it.
#[tokio::test]
async fn the_second_form_of_a_signature_belongs_to_the_same_session() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let genuine = Genuine::new(student.token());
    let other = lyceum.anonymous().with_token(&genuine.signed_by(&with_other_s(&genuine.signature)));
    assert_ne!(other.token(), student.token());
    assert_eq!(other.get("/v1/me").await.ok()["id"], student.id);
    student.post("/v1/auth/logout", json!({})).await.no_content();
    other.get("/v1/me").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_token_is_accepted_only_as_a_bearer_token_in_the_authorization_header() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let token = student.token().to_owned();
    for value in [token.clone(), format!("Basic {token}"), format!("Bearer{token}"), "Bearer".into(), "Bearer ".into()]
    {
        let visitor = lyceum.anonymous().with_header("authorization", &value);
        visitor.get("/v1/me").await.problem(401, "unauthorized");
    }
    let visitor = lyceum.anonymous();
    visitor.get(&format!("/v1/me?access_token={token}")).await.is(401);
    visitor.with_header("cookie", &format!("access_token={token}")).get("/v1/me").await.is(401);
    visitor.with_header("authorization", &format!("bEARER {token}")).get("/v1/me").await.ok();
    let refresh_token = student.sign_in(crate::harness::PASSWORD).await.ok()["refresh_token"].clone();
    visitor.with_token(refresh_token.as_str().unwrap()).get("/v1/me").await.problem(401, "unauthorized");
}

/// Our public keys, in the formats that an implementation may confuse with a secret.
async fn public_keys(lyceum: &Arc<Lyceum>) -> Vec<Vec<u8>> {
    let set = lyceum.anonymous().get("/.well-known/jwks.json").await;
    let jwk = set.body["keys"][0].clone();
    let coordinate = |name: &str| super::forgery::decode(jwk[name].as_str().unwrap());
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let prefix =
        b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
    let der = [prefix.to_vec(), point.clone()].concat();
    let pem = pem::encode(&pem::Pem::new("PUBLIC KEY", der.clone()));
    vec![
        Vec::new(),
        b"secret".to_vec(),
        point,
        der,
        pem.trim().replace("\r\n", "\n").into_bytes(),
        pem.into_bytes(),
        jwk.to_string().into_bytes(),
        set.text.into_bytes(),
        jwk["kid"].as_str().unwrap().as_bytes().to_vec(),
    ]
}

fn algorithms(genuine: &Genuine, public_keys: &[Vec<u8>]) -> Corpus {
    let mut corpus = Corpus::new();
    for name in ["none", "None", "NONE", "nOnE", "", " none", "ES256 ", "es256", "ES512", "EdDSA", "PS256", "dir"] {
        let header = genuine.header_with("alg", json!(name));
        corpus.push((format!("alg {name:?}, unsigned"), join(&header.to_string(), &genuine.claims.to_string(), b"")));
        corpus.push((format!("alg {name:?}, the original signature"), genuine.beside(&header, &genuine.claims)));
    }
    for value in [Value::Null, json!(null), json!(0), json!(true), json!(["ES256"]), json!({ "ES256": 1 })] {
        let mut header = genuine.header_with("alg", value.clone());
        corpus.push((format!("alg {value}"), genuine.beside(&header, &genuine.claims)));
        header["alg"] = value;
        corpus.push(("alg of another type".to_owned(), signed_as_ours(&header, &genuine.claims)));
    }
    for (number, secret) in public_keys.iter().enumerate() {
        for (name, algorithm) in [("HS256", HMAC_SHA256), ("HS384", HMAC_SHA384), ("HS512", HMAC_SHA512)] {
            let header = genuine.header_with("alg", json!(name));
            let token = signed(&header, &genuine.claims, |message| hmac(algorithm, secret, message));
            corpus.push((format!("{name} with public key {number} as its secret"), token));
        }
        let as_ours = signed(&genuine.header, &genuine.claims, |message| hmac(HMAC_SHA256, secret, message));
        corpus.push((format!("an HMAC by {number} called ES256"), as_ours));
    }
    for name in ["RS256", "ES256", "PS256"] {
        let header = genuine.header_with("alg", json!(name));
        corpus.push((format!("RSA called {name}"), signed(&header, &genuine.claims, rs256)));
    }
    for name in ["ES384", "ES256", "ES512"] {
        let header = genuine.header_with("alg", json!(name));
        corpus.push((format!("P-384 called {name}"), signed(&header, &genuine.claims, es384)));
        corpus.push((format!("a foreign key's, called {name}"), signed(&header, &genuine.claims, by_a_foreign_key)));
    }
    corpus
}

fn headers(genuine: &Genuine) -> Corpus {
    let mut corpus = Corpus::new();
    let kids = ["", "mine", "../../dev/null", "/dev/null", "' OR '1'='1", "%", "\0", "https://evil.test/key", "null"];
    for kid in kids {
        let header = genuine.header_with("kid", json!(kid));
        corpus.push((format!("kid {kid:?}, a foreign key's"), signed(&header, &genuine.claims, by_a_foreign_key)));
        corpus.push((format!("kid {kid:?}, our own"), signed_as_ours(&header, &genuine.claims)));
    }
    for kid in [Value::Null, json!(1), json!([genuine.header["kid"]]), json!({ "$ne": null })] {
        corpus.push((format!("kid {kid}"), signed_as_ours(&genuine.header_with("kid", kid), &genuine.claims)));
    }
    // Each of these takes the key or the rules from the token itself. Our tokens never contain them.
    for (name, value) in [
        ("jku", json!("https://evil.test/jwks.json")),
        ("jwk", foreign_jwk()),
        ("x5u", json!("https://evil.test/chain.pem")),
        ("x5c", json!([encode(b"no certificate")])),
        ("x5t", json!(encode(b"thumbprint"))),
        ("x5t#S256", json!(encode(b"thumbprint"))),
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("cty", json!("JWT")),
        ("typ", json!("at+jwt")),
        ("typ", json!("JWE")),
        ("typ", json!("refresh")),
        ("typ", json!("")),
        ("typ", Value::Null),
    ] {
        let header = genuine.header_with(name, value.clone());
        corpus.push((format!("{name} {value}, our own"), signed_as_ours(&header, &genuine.claims)));
        corpus.push((format!("{name} {value}, a foreign key's"), signed(&header, &genuine.claims, by_a_foreign_key)));
    }
    corpus
}

/// Wrong claims, signed by our own key.
fn claims(genuine: &Genuine, other: &Genuine, now: i64) -> Corpus {
    let mut corpus = Corpus::new();
    let mut refused = |name: &str, value: Value| {
        let claims = genuine.claims_with(name, value.clone());
        corpus.push((format!("{name} {value}"), signed_as_ours(&genuine.header, &claims)));
    };
    for name in ["iss", "aud", "exp", "sub", "sid", "iat", "jti"] {
        refused(name, Value::Null);
    }
    for iss in [json!("https://evil.test"), json!(""), json!("LYCEUM"), json!("lyceum "), json!(1), json!(["lyceum"])] {
        refused("iss", iss);
    }
    for aud in [json!("others"), json!(""), json!("LYCEUM"), json!([]), json!(["others"]), json!({}), json!(0)] {
        refused("aud", aud);
    }
    for exp in [json!(now - 31), json!(0), json!(-1), json!("tomorrow"), json!(true), json!([]), json!(i64::MIN)] {
        refused("exp", exp);
    }
    for iat in [json!(now + 31), json!(now + 86_400), json!(i64::MAX), json!("now")] {
        refused("iat", iat);
    }
    let ids = [json!(""), json!("*"), json!(0), json!("00000000-0000-0000-0000-000000000000"), json!(["x"])];
    for name in ["sub", "sid"] {
        for id in &ids {
            refused(name, id.clone());
        }
    }
    refused("sub", other.claims["sub"].clone()); // another user's session
    refused("sid", other.claims["sid"].clone());
    refused("role", Value::Null);
    refused("permissions", json!("*"));

    for (name, value) in [
        ("sub", other.claims["sub"].clone()),
        ("sid", other.claims["sid"].clone()),
        ("exp", json!(now + 10 * 365 * 86_400)),
        ("role", json!("admin")),
        ("permissions", json!(["*", "x"])),
        ("jti", json!("0193572f-0000-7000-8000-000000000000")),
        ("admin", json!(true)),
    ] {
        let altered = genuine.beside(&genuine.header, &genuine.claims_with(name, value));
        corpus.push((format!("altered {name}"), altered));
    }
    corpus.push(("another token's signature".to_owned(), genuine.signed_by(&other.signature)));
    corpus.push(("another token's claims".to_owned(), genuine.beside(&genuine.header, &other.claims)));
    for claims in [json!({}), json!([]), json!(null), json!("x"), json!([genuine.claims])] {
        corpus.push((format!("claims {claims}"), signed_as_ours(&genuine.header, &claims)));
    }
    let nested = signed_as_ours(&with(&genuine.header, "cty", json!("JWT")), &json!(genuine.token));
    corpus.push(("a token within a token".to_owned(), nested));
    corpus
}

fn signatures(genuine: &Genuine) -> Corpus {
    let mut corpus = Corpus::new();
    let signature = &genuine.signature;
    let mut refused = |name: String, signature: &[u8]| corpus.push((name, genuine.signed_by(signature)));
    for length in [0, 1, 31, 32, 33, 63] {
        refused(format!("the first {length} bytes"), &signature[..length]);
    }
    for more in [1, 2, 32, 64] {
        refused(format!("{more} bytes more"), &[signature.clone(), vec![0; more]].concat());
    }
    refused("a zero before it".to_owned(), &[vec![0], signature.clone()].concat());
    refused("DER".to_owned(), &in_der(genuine.message().as_bytes()));
    let (r, s) = signature.split_at(32);
    let order = super::forgery::decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
    let zero = vec![0; 32];
    for (name, r, s) in [
        ("r and s zero", &zero[..], &zero[..]),
        ("r zero", &zero, s),
        ("s zero", r, &zero),
        ("r the order", &order, s),
        ("s the order", r, &order),
        ("both the order", &order, &order),
        ("swapped", s, r),
        ("r twice", r, r),
        ("r zero, s one", &zero, &[vec![0; 31], vec![1]].concat()),
        ("both one", &[vec![0; 31], vec![1]].concat(), &[vec![0; 31], vec![1]].concat()),
        ("all bits", &[255; 32], &[255; 32]),
    ] {
        refused(name.to_owned(), &[r, s].concat());
    }
    for byte in (0..64).step_by(4) {
        let mut flipped = signature.clone();
        flipped[byte] ^= 1;
        refused(format!("a bit of byte {byte}"), &flipped);
    }
    corpus
}

/// Texts that don't have the form of a token.
fn forms(genuine: &Genuine) -> Corpus {
    let token = &genuine.token;
    let parts: Vec<_> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("{token}") };
    // Four bits of a signature's last letter are unused, so another letter encodes the same bytes.
    let last = signature.chars().last().unwrap();
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let twin = letters.chars().nth(letters.find(last).unwrap() ^ 1).unwrap();
    let forms = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "null".to_owned(),
        "ey".repeat(20_000),
        header.to_owned(),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!(".{claims}.{signature}"),
        format!("{header}..{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{header}.{claims}.{signature}"),
        format!("{header}.{claims}.{signature}="),
        format!("{header}.{claims}.{signature}=="),
        format!("{header}.{claims}.{signature}%00"),
        format!("{header}.{claims}.{signature}\\0"),
        format!("{header}.{claims}.{signature}{}", encode("\0")),
        format!("{header}{}.{claims}.{signature}", encode("\0")),
        format!("{header}.{claims}{}.{signature}", encode("\0")),
        format!("{header}.{claims} .{signature}"),
        format!("{header}. {claims}.{signature}"),
        format!("{header}.{claims}.{signature} x"),
        format!("{token},{token}"),
        format!("{token} {token}"),
        format!("Bearer {token}"),
        format!("{header}.{claims}.{}{twin}", &signature[..signature.len() - 1]),
        token.to_uppercase(),
        token.chars().rev().collect(),
        encode(token),
        format!("{header}.{}.{signature}", encode(format!("{}\0", genuine.claims))),
        format!("{}.{claims}.{signature}", encode(format!("\u{feff}{}", genuine.header))),
        format!("{}.{claims}.{signature}", encode(r#"{"alg":"none","alg":"ES256","typ":"JWT"}"#)),
        json!({ "payload": claims, "protected": header, "signature": signature }).to_string(),
        format!("{}.{claims}.{signature}", encode(format!("{}\0", genuine.header))),
    ];
    forms.into_iter().enumerate().map(|(number, token)| (format!("form {number}"), token)).collect()
}
