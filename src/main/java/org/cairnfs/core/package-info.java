/**
 * The vocabulary every layer shares: identifiers, errors, limits and small value types.
 *
 * <p>Everything here is immutable and thread-safe. May import only the JDK.
 */
@NullMarked
package org.cairnfs.core;

import org.jspecify.annotations.NullMarked;
