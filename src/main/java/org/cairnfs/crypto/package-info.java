/**
 * Keys and sealing: the volume key and its slots, convergent block encryption, sealed names.
 *
 * <p>May import core. The only importer of Bouncy Castle; AES-GCM and SHA-256 come from the JDK.
 */
@NullMarked
package org.cairnfs.crypto;

import org.jspecify.annotations.NullMarked;
