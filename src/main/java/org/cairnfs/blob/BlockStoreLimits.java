package org.cairnfs.blob;

/**
 * How much memory and work a block store may hold at once.
 *
 * @param cacheBytes decrypted frames kept for the next reader
 * @param cachedKeys unwrapped block keys kept, about 250 bytes each
 * @param pendingWrites blocks given to {@link BlockStore#write} and not yet stored; the next caller
 *     waits
 * @param pendingPrefetches blobs waiting to be fetched ahead, or being fetched; the next one is not
 */
public record BlockStoreLimits(
    long cacheBytes, int cachedKeys, int pendingWrites, int pendingPrefetches) {
  public BlockStoreLimits {
    if (cacheBytes < 0 || cachedKeys < 0 || pendingWrites < 1 || pendingPrefetches < 1) {
      throw new IllegalArgumentException("block store limits out of range");
    }
  }

  /**
   * For a heap that may grow to so many bytes: of 512 MiB, 96 MiB are for the cache, and 64 blocks
   * may be pending.
   */
  public static BlockStoreLimits forHeap(long heapBytes) {
    int pieces = (int) Math.max(8, Math.min(heapBytes >> 23, 1 << 12));
    return new BlockStoreLimits(pieces * (3L << 19), 4096, pieces, pieces / 2);
  }
}
