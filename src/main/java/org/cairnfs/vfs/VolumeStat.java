package org.cairnfs.vfs;

/** What statfs(2) tells. */
public record VolumeStat(long totalBytes, long freeBytes, long inodes, long freeInodes) {}
