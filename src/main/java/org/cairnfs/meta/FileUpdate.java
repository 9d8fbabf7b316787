package org.cairnfs.meta;

import java.util.List;
import java.util.SortedMap;
import org.cairnfs.core.Extent;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.jspecify.annotations.Nullable;

/**
 * What writing changed in one file since the last cut.
 *
 * @param sizeAtLeastBytes the file becomes at least this long
 * @param modified the mtime to set; null leaves it, as when it was set by hand after the last write
 * @param changed the ctime; never moves backwards
 * @param extents by block number (offset / 1 MiB): ranges that replace whatever covered them
 */
public record FileUpdate(
    InodeNumber inode,
    long sizeAtLeastBytes,
    @Nullable Timestamp modified,
    Timestamp changed,
    SortedMap<Long, List<Extent>> extents) {}
