package org.cairnfs.meta;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.SplittableRandom;

/** What a session is opened with where only its id matters. */
public final class TestSettings {
  private TestSettings() {}

  /** With an id made of the seed: each session of a store needs another one. */
  public static SessionSettings withSeed(long seed) {
    return new SessionSettings(
        MetaFixture.NODE,
        MetaFixture.VOLUME,
        0755,
        0,
        0,
        Clock.fixed(Instant.ofEpochSecond(500), ZoneOffset.UTC),
        System::nanoTime,
        new SplittableRandom(seed));
  }
}
