//! Services with a wrong clock.

use xtask::service::Service;

/// Makes a service's clock fast by `seconds` (slow if negative) from the next start. `library` is
/// the path of libfaketime.
pub fn set_clock(service: &mut Service, library: &str, seconds: i32) {
    service.set_variable("LD_PRELOAD", library);
    service.set_variable("FAKETIME", &format!("{seconds:+}"));
    // Timeouts use the monotonic clock, which stays correct on a host with a wrong time.
    service.set_variable("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}
