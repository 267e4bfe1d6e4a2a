import Glibc

/// Lets a fixed number of threads through at a time; the others wait, but not for ever.
///
/// `@unchecked Sendable`: `places` is only touched under `mutex`, and both pthread objects live at
/// fixed addresses for as long as the gate does.
final class CountingGate: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let freed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var places: Int

  init(places: Int) {
    self.places = places
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // A wall clock that is set back would make a waiter wait for hours.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(freed, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(freed)
    pthread_mutex_destroy(mutex)
    freed.deallocate()
    mutex.deallocate()
  }

  /// Takes a place; false when none came free within `wait`.
  func enter(waitingAtMost wait: Duration) -> Bool {
    var deadline = Self.deadline(after: wait)
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while places == 0 {
      if pthread_cond_timedwait(freed, mutex, &deadline) == ETIMEDOUT, places == 0 { return false }
    }
    places -= 1
    return true
  }

  func leave() {
    pthread_mutex_lock(mutex)
    places += 1
    pthread_cond_signal(freed)
    pthread_mutex_unlock(mutex)
  }

  private static func deadline(after wait: Duration) -> timespec {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let (seconds, attoseconds) = wait.components
    let nanoseconds = now.tv_nsec + Int(attoseconds / 1_000_000_000)
    return timespec(
      tv_sec: now.tv_sec + Int(seconds) + nanoseconds / 1_000_000_000,
      tv_nsec: nanoseconds % 1_000_000_000)
  }
}
