package org.cairnfs.vfs;

import org.cairnfs.meta.Inode;

/**
 * An open file.
 *
 * @param handle names it in later calls
 * @param keepCache whether pages the kernel cached at an earlier open are still right
 */
public record Opened(Inode inode, long handle, boolean keepCache) {}
