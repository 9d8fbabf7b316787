package org.cairnfs.net;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Remembers who misbehaved, nodes by id and strangers by address, and keeps each away for a time
 * that doubles with every further offence. The first few are forgiven, and one good connection
 * wipes the slate. Thread-safe.
 */
final class PenaltyBox {
  /** The one who did nothing wrong for longest is forgotten first. */
  private static final int ENTRIES_MAX = 1024;

  /** An address may be shared by others who do behave. */
  private static final int FORGIVEN = 8;

  private static final int DOUBLINGS_MAX = 16;

  private static final class Offences {
    private int count;
    private long untilNanos;
  }

  private final Duration first;
  private final Duration longest;
  private final LongSupplier ticker;

  /** Guarded by this. */
  private final Map<Object, Offences> records = new LinkedHashMap<>(16, 0.75f, true) {
    private static final long serialVersionUID = 1L;

    @Override
    protected boolean removeEldestEntry(Map.Entry<Object, Offences> eldest) {
      return size() > ENTRIES_MAX;
    }
  };

  PenaltyBox(Duration first, Duration longest, LongSupplier ticker) {
    this.first = first;
    this.longest = longest;
    this.ticker = ticker;
  }

  synchronized void offended(Object who) {
    Offences record = records.computeIfAbsent(who, unused -> new Offences());
    record.count++;
    int doublings = record.count - FORGIVEN - 1;
    if (doublings >= 0) {
      long wait =
          Math.min(longest.toNanos(), first.toNanos() << Math.min(doublings, DOUBLINGS_MAX));
      record.untilNanos = ticker.getAsLong() + wait;
    }
  }

  synchronized void behaved(Object who) {
    records.remove(who);
  }

  synchronized boolean isKeptAway(Object who) {
    Offences record = records.get(who);
    return record != null && record.count > FORGIVEN && ticker.getAsLong() - record.untilNanos < 0;
  }
}
