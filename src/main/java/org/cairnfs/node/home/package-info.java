/**
 * The directory a node lives in: its layout, its lock, its configuration, its key pair, and the
 * errors people are told.
 *
 * <p>Values are immutable; a lock belongs to the process. May import only core, crypto and, for
 * roles, net.
 */
@NullMarked
package org.cairnfs.node.home;

import org.jspecify.annotations.NullMarked;
