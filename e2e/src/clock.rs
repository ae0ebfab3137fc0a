//! Processes with a wrong clock.

use xtask::service::Service;

/// Makes the clock of a service wrong by `seconds` from its next start on. `library` is the path of
/// libfaketime.
pub fn set_clock(service: &mut Service, library: &str, seconds: i32) {
    service.set_variable("LD_PRELOAD", library);
    service.set_variable("FAKETIME", &format!("{seconds:+}"));
    // Time limits are measured with the monotonic clock, which is right even if the time is wrong.
    service.set_variable("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}
