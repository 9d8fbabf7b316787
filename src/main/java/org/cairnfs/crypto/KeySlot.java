package org.cairnfs.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;
import org.jspecify.annotations.Nullable;

/**
 * The master key sealed under one secret: a passphrase (through Argon2id) or a key file (through
 * HKDF). Immutable.
 *
 * <p>96 bytes, big-endian: u8 kind, 3 zero bytes, u32 memory KiB, u32 passes, u32 lanes (all 0 for
 * a key file), 32 bytes of salt, then the master key in AES-256-GCM: 32 bytes and the tag. The salt
 * is new each time the master key is sealed, so each sealing key is used once and the nonce is
 * zero.
 */
final class KeySlot {
  static final int SIZE_BYTES = 96;

  /** What opens a slot. */
  enum Kind {
    PASSPHRASE(1),
    KEY_FILE(2);

    private final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  private static final int SALT_BYTES = 32;
  private static final int CLEAR_BYTES = 16 + SALT_BYTES;
  private static final int SEALED_BYTES = SIZE_BYTES - CLEAR_BYTES;
  private static final byte[] PURPOSE = "cairn/1/key-slot".getBytes(US_ASCII);

  private final Kind kind;
  private final @Nullable PassphraseCost cost;
  private final byte[] salt;
  private final byte[] sealed;

  private KeySlot(Kind kind, @Nullable PassphraseCost cost, byte[] salt, byte[] sealed) {
    this.kind = kind;
    this.cost = cost;
    this.salt = salt;
    this.sealed = sealed;
  }

  /**
   * Seals the master key. Takes as long as {@code cost} says.
   *
   * @param secret the passphrase's bytes or the key file's
   * @param cost for a passphrase, else null
   */
  static KeySlot seal(
      MasterKey master,
      Kind kind,
      @Nullable PassphraseCost cost,
      byte[] secret,
      SecureRandom random) {
    byte[] salt = new byte[SALT_BYTES];
    random.nextBytes(salt);
    KeySlot open = new KeySlot(kind, cost, salt, new byte[0]);
    byte[] plain = master.copyBytes();
    try {
      return new KeySlot(kind, cost, salt, open.crypt(Cipher.ENCRYPT_MODE, secret, plain));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("sealing the master key failed", e);
    } finally {
      Arrays.fill(plain, (byte) 0);
    }
  }

  /**
   * The master key, or null if the secret does not open the slot. Takes as long as the slot's cost
   * says.
   */
  @Nullable
  MasterKey open(byte[] secret) {
    try {
      byte[] plain = crypt(Cipher.DECRYPT_MODE, secret, sealed);
      try {
        return MasterKey.of(plain);
      } finally {
        Arrays.fill(plain, (byte) 0);
      }
    } catch (AEADBadTagException e) {
      return null;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("opening a key slot failed", e);
    }
  }

  Kind kind() {
    return kind;
  }

  void write(ByteBuffer out) {
    out.put(clearBytes()).put(sealed);
  }

  /**
   * Reads the slot at the position of {@code in}.
   *
   * @throws IllegalArgumentException if it is none
   */
  static KeySlot read(ByteBuffer in) {
    int kindAndZero = in.getInt();
    int memoryKib = in.getInt();
    int passes = in.getInt();
    int lanes = in.getInt();
    byte[] salt = new byte[SALT_BYTES];
    in.get(salt);
    byte[] sealed = new byte[SEALED_BYTES];
    in.get(sealed);
    if (kindAndZero == Kind.PASSPHRASE.code << 24) {
      return new KeySlot(
          Kind.PASSPHRASE, new PassphraseCost(memoryKib, passes, lanes), salt, sealed);
    }
    if (kindAndZero == Kind.KEY_FILE.code << 24 && (memoryKib | passes | lanes) == 0) {
      return new KeySlot(Kind.KEY_FILE, null, salt, sealed);
    }
    throw new IllegalArgumentException("no slot of kind %08x".formatted(kindAndZero));
  }

  private byte[] clearBytes() {
    ByteBuffer clear = ByteBuffer.allocate(CLEAR_BYTES).putInt(kind.code << 24);
    if (cost != null) {
      clear.putInt(cost.memoryKib()).putInt(cost.passes()).putInt(cost.lanes());
    }
    return clear.position(CLEAR_BYTES - SALT_BYTES).put(salt).array();
  }

  private byte[] crypt(int mode, byte[] secret, byte[] input) throws GeneralSecurityException {
    byte[] sealingKey = cost == null
        ? Hkdf.derive(secret, salt, PURPOSE, Primitives.KEY_BYTES)
        : argon2id(secret, cost);
    try {
      Cipher cipher = Primitives.JDK.aesGcm();
      byte[] nonce = new byte[12];
      cipher.init(
          mode,
          new SecretKeySpec(sealingKey, "AES"),
          new GCMParameterSpec(Primitives.TAG_BITS, nonce));
      cipher.updateAAD(PURPOSE);
      cipher.updateAAD(clearBytes());
      return cipher.doFinal(input);
    } finally {
      Arrays.fill(sealingKey, (byte) 0);
    }
  }

  private byte[] argon2id(byte[] passphrase, PassphraseCost cost) {
    Argon2BytesGenerator generator = new Argon2BytesGenerator();
    generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
        .withVersion(Argon2Parameters.ARGON2_VERSION_13)
        .withSalt(salt)
        .withMemoryAsKB(cost.memoryKib())
        .withIterations(cost.passes())
        .withParallelism(cost.lanes())
        .build());
    byte[] key = new byte[Primitives.KEY_BYTES];
    generator.generateBytes(passphrase, key);
    return key;
  }
}
