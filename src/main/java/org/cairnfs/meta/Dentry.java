package org.cairnfs.meta;

import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;

/**
 * A name in a directory.
 *
 * @param sealedName the name as the volume's name key sealed it
 * @param type the {@link org.cairnfs.core.FileMode} type bits of the inode
 */
public record Dentry(Bytes sealedName, InodeNumber inode, int type) {}
