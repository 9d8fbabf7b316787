/**
 * How commands talk to the node on their host: protobuf messages with a length before each, over a
 * Unix socket in the home.
 *
 * <p>{@link org.cairnfs.node.admin.AdminServer} is thread-safe; a connection belongs to one thread.
 * May import core and the generated messages, and node.home.
 */
@NullMarked
package org.cairnfs.node.admin;

import org.jspecify.annotations.NullMarked;
