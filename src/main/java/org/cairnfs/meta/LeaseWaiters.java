package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/** The operations of a session that wait for leases. Not thread-safe. */
final class LeaseWaiters {
  private static final class Waiter {
    private final Needs needs;

    /** Whether it was seen to have what it needs. */
    private boolean served;

    Waiter(Needs needs) {
      this.needs = needs;
    }
  }

  private final List<Waiter> waiters = new ArrayList<>();

  /** An operation begins to wait. */
  void add(Needs needs) {
    waiters.add(new Waiter(needs));
  }

  /** It waits no more. */
  void remove(Needs needs) {
    waiters.removeIf(waiter -> waiter.needs == needs);
  }

  /** Tells the inodes of each that has just got what it needs. */
  void serve(LeaseRanges held, Consumer<Collection<Long>> served) {
    for (Waiter waiter : waiters) {
      boolean before = waiter.served;
      waiter.served = waiter.needs.areIn(held);
      if (waiter.served && !before) {
        served.accept(waiter.needs.wanted().keySet());
      }
    }
  }

  /** Those that did not get what they need. */
  List<Needs> unserved() {
    return waiters.stream()
        .filter(waiter -> !waiter.served)
        .map(waiter -> waiter.needs)
        .toList();
  }
}
