/**
 * Keys and sealing: the volume key and its slots, convergent block encryption, sealed names, the
 * node's identity, and the files that nobody else may read.
 *
 * <p>The sealers and the key types are thread-safe: each thread works with cipher objects of its
 * own. May import core. The only importer of Bouncy Castle, for what the JDK lacks (Argon2id,
 * AES-GCM-SIV, the public half of an Ed25519 key, certificates); AES-GCM, AES key wrap, HMAC and
 * SHA-256 come from the JDK, whose versions use the CPU's instructions.
 */
@NullMarked
package org.cairnfs.crypto;

import org.jspecify.annotations.NullMarked;
