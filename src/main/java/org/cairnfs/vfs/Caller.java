package org.cairnfs.vfs;

/** Who asks: the effective ids of the calling process. Permissions were checked by the kernel. */
public record Caller(int uid, int gid, int pid) {
  /** The node itself acting as the superuser. */
  public static final Caller ROOT = new Caller(0, 0, 0);
}
