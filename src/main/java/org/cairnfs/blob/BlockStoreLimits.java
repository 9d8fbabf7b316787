package org.cairnfs.blob;

/**
 * How much memory and work a block store may hold at once.
 *
 * @param cacheBytes decrypted frames kept for the next reader
 * @param cachedKeys unwrapped block keys kept, about 250 bytes each
 * @param pendingWrites blocks given to {@link BlockStore#write} and not yet stored; the next caller
 *     waits
 * @param pendingPrefetches prefetch requests waiting or running; the next one is dropped
 */
public record BlockStoreLimits(
    long cacheBytes, int cachedKeys, int pendingWrites, int pendingPrefetches) {
  /** For the default heap of 512 MiB. */
  public static final BlockStoreLimits DEFAULT = new BlockStoreLimits(96L << 20, 4096, 64, 32);

  public BlockStoreLimits {
    if (cacheBytes < 0 || cachedKeys < 0 || pendingWrites < 1 || pendingPrefetches < 1) {
      throw new IllegalArgumentException("block store limits out of range");
    }
  }
}
