//! Processing of uploaded files, from the event that a file arrived until it is shown or rejected.
//!
//! An upload is `pending` until its file arrives, then `processing`, and at last `ready` or `rejected`. Events can come
//! twice, late, out of order or never. Each step is therefore a short write of its own, which reads in the row whether it
//! still has to be done.
//!
//! | file | what |
//! | --- | --- |
//! | [`claim`] | marks an upload as arrived and fixes the object version that counts |
//! | [`inspect`] | checks the file: malware scan, size, format, checksum |
//! | [`publish`] | shows the file in its lesson, profile or course, or rejects it |

pub mod claim;
pub mod inspect;
pub mod publish;
