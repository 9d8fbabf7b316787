package org.cairnfs.fuse;

import java.time.Duration;

/**
 * How a mount is served.
 *
 * @param threads requests served at a time, 1 to {@link #THREADS_MAX}
 * @param cacheTimeout how long the kernel may believe names and attributes, until changed
 * @param readAheadKib how far the kernel reads ahead, where it may be set (as root)
 * @param backgroundMax read-ahead and other background requests the kernel sends at a time
 * @param idlePolling whether idle processors may be made to poll while requests come quickly, where
 *     that helps (see {@link CpuLatency})
 */
public record FuseSettings(
    int threads, Duration cacheTimeout, int readAheadKib, int backgroundMax, boolean idlePolling) {
  public static final int THREADS_MAX = 256;

  /** Measured to be good: 8 threads, 1 s, 4 MiB, 64 requests. */
  public static final FuseSettings DEFAULT =
      new FuseSettings(8, Duration.ofSeconds(1), 4096, 64, true);

  public FuseSettings {
    if (threads < 1 || threads > THREADS_MAX) {
      throw new IllegalArgumentException("threads out of range: " + threads);
    }
    if (cacheTimeout.isNegative() || readAheadKib < 0 || backgroundMax < 1) {
      throw new IllegalArgumentException("a setting is negative or zero");
    }
  }

  /** The same with another value of one setting. */
  public FuseSettings withCacheTimeout(Duration timeout) {
    return new FuseSettings(threads, timeout, readAheadKib, backgroundMax, idlePolling);
  }

  /** The same with another value of one setting. */
  public FuseSettings withIdlePolling(boolean allowed) {
    return new FuseSettings(threads, cacheTimeout, readAheadKib, backgroundMax, allowed);
  }
}
