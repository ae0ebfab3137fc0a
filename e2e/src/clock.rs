//! Processes with a wrong clock.

use xtask::service::Service;

/// Makes the clock of a service wrong by some seconds, from its next start on. `library` is
/// libfaketime.
pub fn set_clock(service: &mut Service, library: &str, seconds: i32) {
    service.set_variable("LD_PRELOAD", library);
    service.set_variable("FAKETIME", &format!("{seconds:+}"));
    // Time limits are measured with the monotonic clock, which nobody sets.
    service.set_variable("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}
