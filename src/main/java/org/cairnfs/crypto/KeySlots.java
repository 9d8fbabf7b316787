package org.cairnfs.crypto;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The volume's key slots: the master key sealed once for each secret that may open the volume.
 * Immutable and thread-safe; operations that change it return a new one, to be {@linkplain #save
 * saved}.
 *
 * <p>The file, big-endian: magic {@code CRNS}, u8 version, u8 number of slots, 2 zero bytes, the
 * slots of 96 bytes each, and the SHA-256 over all before. The checksum tells a damaged file from a
 * wrong secret.
 */
public final class KeySlots {
  /** Most slots a file may have. */
  public static final int SLOTS_MAX = 16;

  private static final int MAGIC = 0x43524E53;
  private static final int VERSION = 1;
  private static final int HEADER_BYTES = 8;

  private final List<KeySlot> slots;

  private KeySlots(List<KeySlot> slots) {
    this.slots = List.copyOf(slots);
  }

  /** No slots yet: the start of a new volume. Cannot be saved before one is added. */
  public static KeySlots none() {
    return new KeySlots(List.of());
  }

  /** With one slot more, that the key file opens. */
  public KeySlots withKeyFile(MasterKey master, KeyFile keyFile, SecureRandom random) {
    return with(slots, KeySlot.seal(master, KeySlot.Kind.KEY_FILE, null, keyFile.secret(), random));
  }

  /**
   * With the passphrase in place of the one there was, if any. The blobs stay as they are: only the
   * master key is sealed anew. Takes as long as {@code cost} says.
   *
   * @param passphrase its bytes, which the caller zeroes afterwards; not empty
   */
  public KeySlots withPassphrase(
      MasterKey master, byte[] passphrase, PassphraseCost cost, SecureRandom random) {
    if (passphrase.length == 0) {
      throw new IllegalArgumentException("an empty passphrase protects nothing");
    }
    List<KeySlot> others =
        slots.stream().filter(slot -> slot.kind() != KeySlot.Kind.PASSPHRASE).toList();
    return with(others, KeySlot.seal(master, KeySlot.Kind.PASSPHRASE, cost, passphrase, random));
  }

  public boolean hasPassphrase() {
    return has(KeySlot.Kind.PASSPHRASE);
  }

  public boolean hasKeyFile() {
    return has(KeySlot.Kind.KEY_FILE);
  }

  /**
   * Opens the volume with its passphrase. Takes as long as the slot's cost says, right or wrong.
   *
   * @param passphrase its bytes, which the caller zeroes afterwards
   * @throws BadKeyException WRONG_PASSPHRASE; NO_SUCH_SLOT if the volume has none
   */
  public MasterKey unlock(byte[] passphrase) throws BadKeyException {
    MasterKey master = open(KeySlot.Kind.PASSPHRASE, passphrase);
    if (master == null) {
      throw hasPassphrase()
          ? new BadKeyException(BadKeyException.Reason.WRONG_PASSPHRASE, "wrong passphrase")
          : new BadKeyException(
              BadKeyException.Reason.NO_SUCH_SLOT,
              "this volume has no passphrase; it opens with its key file");
    }
    return master;
  }

  /**
   * Opens the volume with a key file.
   *
   * @throws BadKeyException WRONG_KEY_FILE; NO_SUCH_SLOT if the volume has none
   */
  public MasterKey unlock(KeyFile keyFile) throws BadKeyException {
    MasterKey master = open(KeySlot.Kind.KEY_FILE, keyFile.secret());
    if (master == null) {
      throw hasKeyFile()
          ? new BadKeyException(
              BadKeyException.Reason.WRONG_KEY_FILE, "this key file belongs to another volume")
          : new BadKeyException(
              BadKeyException.Reason.NO_SUCH_SLOT,
              "this volume has no key file; it opens with its passphrase");
    }
    return master;
  }

  /**
   * Reads the slots of a volume.
   *
   * @throws IOException if the file cannot be read
   * @throws BadKeyException UNRECOGNISED_FILE, NEWER_VERSION or DAMAGED
   */
  public static KeySlots load(Path file) throws IOException, BadKeyException {
    return parse(file.toString(), PrivateFiles.read(file));
  }

  /** Writes or replaces the file, mode 0600, durably. */
  public void save(Path file) throws IOException {
    PrivateFiles.replace(file, toBytes());
  }

  /** The bytes of the file, as another member needs them. */
  public byte[] toBytes() {
    if (slots.isEmpty()) {
      throw new IllegalStateException("a volume without a key slot could never be opened");
    }
    int clearBytes = HEADER_BYTES + slots.size() * KeySlot.SIZE_BYTES;
    ByteBuffer out = ByteBuffer.allocate(clearBytes + Primitives.SHA256_BYTES);
    out.putInt(MAGIC).put((byte) VERSION).put((byte) slots.size()).putShort((short) 0);
    slots.forEach(slot -> slot.write(out));
    return out.put(checksum(out.array(), clearBytes)).array();
  }

  /** As {@link #load}; {@code source} is named in messages. */
  public static KeySlots parse(String source, byte[] bytes) throws BadKeyException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (bytes.length < HEADER_BYTES || in.getInt() != MAGIC) {
      throw new BadKeyException(
          BadKeyException.Reason.UNRECOGNISED_FILE,
          source + " is not a file of Cairn key slots, or its start is damaged");
    }
    int version = Byte.toUnsignedInt(in.get());
    if (version > VERSION) {
      throw new BadKeyException(
          BadKeyException.Reason.NEWER_VERSION,
          "%s has version %d, this Cairn reads up to %d".formatted(source, version, VERSION));
    }
    int count = Byte.toUnsignedInt(in.get());
    int reserved = in.getShort();
    int clearBytes = HEADER_BYTES + count * KeySlot.SIZE_BYTES;
    if (version != VERSION
        || reserved != 0
        || count < 1
        || count > SLOTS_MAX
        || bytes.length != clearBytes + Primitives.SHA256_BYTES
        || !Arrays.equals(
            checksum(bytes, clearBytes), Arrays.copyOfRange(bytes, clearBytes, bytes.length))) {
      throw damaged(source);
    }
    List<KeySlot> slots = new ArrayList<>(count);
    try {
      for (int i = 0; i < count; i++) {
        slots.add(KeySlot.read(in));
      }
    } catch (IllegalArgumentException e) {
      throw damaged(source);
    }
    return new KeySlots(slots);
  }

  private static BadKeyException damaged(String source) {
    return new BadKeyException(
        BadKeyException.Reason.DAMAGED,
        source + " is damaged; restore it from a backup or another member");
  }

  private static KeySlots with(List<KeySlot> others, KeySlot added) {
    if (others.size() >= SLOTS_MAX) {
      throw new IllegalArgumentException("a volume has at most " + SLOTS_MAX + " key slots");
    }
    List<KeySlot> slots = new ArrayList<>(others);
    slots.add(added);
    return new KeySlots(slots);
  }

  private boolean has(KeySlot.Kind kind) {
    return slots.stream().anyMatch(slot -> slot.kind() == kind);
  }

  private @Nullable MasterKey open(KeySlot.Kind kind, byte[] secret) {
    for (KeySlot slot : slots) {
      MasterKey master = slot.kind() == kind ? slot.open(secret) : null;
      if (master != null) {
        return master;
      }
    }
    return null;
  }

  private static byte[] checksum(byte[] bytes, int length) {
    MessageDigest sha256 = Primitives.JDK.sha256();
    sha256.update(bytes, 0, length);
    return sha256.digest();
  }
}
