//! Creates forged access tokens with any header, claims and signature.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, RSA_PKCS1_SHA256,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::SIGNING_KEY;

/// The parts of a genuine token.
pub struct Genuine {
    pub token: String,
    pub header: Value,
    pub claims: Value,
    pub signature: Vec<u8>,
}

impl Genuine {
    pub fn new(token: &str) -> Self {
        let parts: Vec<_> = token.split('.').map(decode).collect();
        let [header, claims, signature] = parts.try_into().unwrap();
        Self {
            token: token.to_owned(),
            header: serde_json::from_slice(&header).unwrap(),
            claims: serde_json::from_slice(&claims).unwrap(),
            signature,
        }
    }

    pub fn header_with(&self, name: &str, value: Value) -> Value {
        with(&self.header, name, value)
    }

    pub fn claims_with(&self, name: &str, value: Value) -> Value {
        with(&self.claims, name, value)
    }

    /// Joins another header and claims with the genuine signature.
    pub fn beside(&self, header: &Value, claims: &Value) -> String {
        join(&header.to_string(), &claims.to_string(), &self.signature)
    }

    /// Joins the genuine header and claims with another signature.
    pub fn signed_by(&self, signature: &[u8]) -> String {
        let (signed, _) = self.token.rsplit_once('.').unwrap();
        format!("{signed}.{}", encode(signature))
    }

    /// Returns the signed part: header and claims.
    pub fn message(&self) -> &str {
        self.token.rsplit_once('.').unwrap().0
    }
}

/// Sets a member of the object; null removes it.
pub fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
        value => object[name] = value,
    }
    object
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub fn join(header: &str, claims: &str, signature: &[u8]) -> String {
    format!("{}.{}.{}", encode(header), encode(claims), encode(signature))
}

/// Signs with our own key.
pub fn signed_as_ours(header: &Value, claims: &Value) -> String {
    signed(header, claims, |message| elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING, &ours(), message))
}

pub fn signed(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let (header, claims) = (header.to_string(), claims.to_string());
    let signature = sign(format!("{}.{}", encode(&header), encode(&claims)).as_bytes());
    join(&header, &claims, &signature)
}

/// Returns our signature in DER, which JWT doesn't use.
pub fn in_der(message: &[u8]) -> Vec<u8> {
    elliptic(&ECDSA_P256_SHA256_ASN1_SIGNING, &ours(), message)
}

pub fn by_a_foreign_key(message: &[u8]) -> Vec<u8> {
    elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING, &generated(&ECDSA_P256_SHA256_FIXED_SIGNING), message)
}

pub fn es384(message: &[u8]) -> Vec<u8> {
    elliptic(&ECDSA_P384_SHA384_FIXED_SIGNING, &generated(&ECDSA_P384_SHA384_FIXED_SIGNING), message)
}

pub fn rs256(message: &[u8]) -> Vec<u8> {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
    signature
}

pub fn hmac(algorithm: hmac::Algorithm, secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, secret), message).as_ref().to_vec()
}

fn ours() -> Vec<u8> {
    pem::parse(SIGNING_KEY.as_bytes()).unwrap().into_contents()
}

fn generated(algorithm: &'static EcdsaSigningAlgorithm) -> Vec<u8> {
    EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap().as_ref().to_vec()
}

fn elliptic(algorithm: &'static EcdsaSigningAlgorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    let key = EcdsaKeyPair::from_pkcs8(algorithm, key).unwrap();
    key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
}

/// A foreign key, as a token may contain one.
pub fn foreign_jwk() -> Value {
    json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "mine",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" })
}

/// Replaces s in the signature by the order of P-256 minus s.
pub fn with_other_s(signature: &[u8]) -> Vec<u8> {
    let order = hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let (r, s) = signature.split_at(32);
    let mut other = [0; 32];
    let mut borrow = 0;
    for place in (0..32).rev() {
        let difference = i16::from(order[place]) - i16::from(s[place]) - borrow;
        borrow = i16::from(difference < 0);
        other[place] = u8::try_from(difference + 256 * borrow).unwrap();
    }
    [r, &other].concat()
}
