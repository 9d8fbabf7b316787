package org.cairnfs.vfs;

/**
 * An advisory byte-range lock (fcntl(2)).
 *
 * @param start first byte
 * @param end last byte, inclusive; {@link Long#MAX_VALUE} means to the end of any file
 * @param pid who holds it, for F_GETLK
 */
public record FileLock(Kind kind, long start, long end, int pid) {
  /** What F_RDLCK, F_WRLCK and F_UNLCK say. */
  public enum Kind {
    SHARED,
    EXCLUSIVE,
    UNLOCK
  }
}
