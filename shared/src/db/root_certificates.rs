//! The root certificates of RDS, for verifying the server. They are compiled in, because the file system of a function
//! doesn't contain them. `infra/rds-roots` updates the file.

use crate::error::{Error, Result};

/// Each certificate is preceded by a line with its region.
const ALL: &str = include_str!("../../roots/rds.pem");

/// Returns the roots of one region in PEM. RDS Proxy uses Amazon's public roots, which are trusted as well.
pub(super) fn of_region(region: &str) -> Result<Vec<u8>> {
    let roots: String = ALL.split_inclusive("-----END CERTIFICATE-----\n").filter(|root| is_of(root, region)).collect();
    if roots.is_empty() {
        let hint = "run infra/rds-roots to update them, or set them in DATABASE_URL: ?sslrootcert=/path";
        return Err(Error::internal(format!("this program has no RDS root certificates for {region}: {hint}")));
    }
    Ok(roots.into_bytes())
}

fn is_of(root: &str, region: &str) -> bool {
    root.strip_prefix("# ").and_then(|name| name.split(' ').next()) == Some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_three_roots_and_an_unknown_region_fails() {
        for region in ["eu-central-1", "us-east-1", "ap-southeast-2", "sa-east-1"] {
            let roots = String::from_utf8(of_region(region).unwrap()).unwrap();
            assert_eq!(roots.matches("-----BEGIN CERTIFICATE-----").count(), 3, "two RSA keys and one ECC key");
            assert_eq!(roots.matches(&format!("# {region} ")).count(), 3);
            let blocks = pem::parse_many(roots).unwrap();
            assert!(blocks.iter().all(|block| block.tag() == "CERTIFICATE" && block.contents().len() > 500));
        }
        let none = of_region("eu-central-9").unwrap_err().to_string();
        assert!(none.contains("eu-central-9") && none.contains("infra/rds-roots"), "{none}");
    }
}
