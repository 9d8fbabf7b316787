package org.cairnfs.crypto;

/**
 * What one guess at a passphrase costs: the parameters of Argon2id (RFC 9106), kept in the slot.
 *
 * <p>The upper limits keep a doctored slots file from exhausting the heap or the processor before
 * its tag is checked.
 *
 * @param memoryKib memory in KiB, at least 8 a lane
 * @param passes passes over the memory
 * @param lanes lanes; computed one after the other here
 */
public record PassphraseCost(int memoryKib, int passes, int lanes) {
  /** RFC 9106's second recommendation with one lane: 64 MiB, 3 passes. */
  public static final PassphraseCost DEFAULT = new PassphraseCost(64 << 10, 3, 1);

  private static final int MEMORY_PER_LANE_MIN_KIB = 8;
  private static final int MEMORY_MAX_KIB = 256 << 10;
  private static final int PASSES_MAX = 64;
  private static final int LANES_MAX = 16;

  public PassphraseCost {
    if (lanes < 1
        || lanes > LANES_MAX
        || passes < 1
        || passes > PASSES_MAX
        || memoryKib < MEMORY_PER_LANE_MIN_KIB * lanes
        || memoryKib > MEMORY_MAX_KIB) {
      throw new IllegalArgumentException("Argon2id cost out of range: %d KiB, %d passes, %d lanes"
          .formatted(memoryKib, passes, lanes));
    }
  }
}
