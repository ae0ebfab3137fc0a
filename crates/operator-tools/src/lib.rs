//! Parts of the commands that operators run beside the server.
//!
//! | module | responsibility |
//! |---|---|
//! | [`doctor`] | configuration checks, which name the settings to change |
//! | [`transfer`] | export of all data to a file, and import |
//! | [`source`] | databases and files of other programs, as sources of an import |
//! | [`prompt`] | prompts for passwords and confirmations |
//! | [`progress`] | progress bars |
//! | `testing` | stub servers, and the output of a doctor (feature `testing`) |

pub mod doctor;
pub mod progress;
pub mod prompt;
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transfer;
