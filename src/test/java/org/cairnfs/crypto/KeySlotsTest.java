package org.cairnfs.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import org.assertj.core.api.ThrowableAssert;
import org.cairnfs.crypto.BadKeyException.Reason;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class KeySlotsTest {
  private static final PassphraseCost CHEAP = new PassphraseCost(64, 2, 1);
  private static final byte[] PASSPHRASE = "correct horse".getBytes(US_ASCII);

  private final SecureRandom random = new SecureRandom();
  private final MasterKey master = Golden.masterKey();

  @TempDir
  private Path directory;

  private Path slotsFile;
  private Path keyPath;

  @BeforeEach
  void namePaths() {
    slotsFile = directory.resolve("volume.slots");
    keyPath = directory.resolve("volume.key");
  }

  @Test
  void theFileIsThePinnedOne() throws BadKeyException {
    SecureRandom salts = Golden.constantRandom(0xa5);
    KeyFile keyFile = KeyFile.generate(counting32());

    KeySlots slots = KeySlots.none()
        .withPassphrase(master, PASSPHRASE, CHEAP, salts)
        .withKeyFile(master, keyFile, salts);

    assertThat(HexFormat.of().formatHex(slots.toBytes())).isEqualTo(Golden.hex("slots"));
    KeySlots pinned = KeySlots.parse("pinned", Golden.bytes("slots"));
    assertMaster(pinned.unlock(PASSPHRASE));
    assertMaster(pinned.unlock(keyFile));
  }

  /**
   * RFC 9106 has no vector without a secret and associated data; this one was made by libargon2.
   */
  @Test
  void thePassphraseGoesThroughArgon2id() {
    byte[] slot = Arrays.copyOfRange(Golden.bytes("slots"), 8, 8 + KeySlot.SIZE_BYTES);

    KeySlot read = KeySlot.read(ByteBuffer.wrap(slot));

    assertThat(read.kind()).isEqualTo(KeySlot.Kind.PASSPHRASE);
    assertThat(read.open(PASSPHRASE)).isNotNull();
    assertThat(read.open("correct horsf".getBytes(US_ASCII))).isNull();
  }

  @Test
  void slotsSurviveTheFile() throws Exception {
    KeyFile keyFile = KeyFile.generate(random);
    KeySlots.none()
        .withKeyFile(master, keyFile, random)
        .withPassphrase(master, PASSPHRASE, CHEAP, random)
        .save(slotsFile);
    keyFile.save(keyPath);

    KeySlots loaded = KeySlots.load(slotsFile);

    assertThat(loaded.hasKeyFile()).isTrue();
    assertThat(loaded.hasPassphrase()).isTrue();
    assertMaster(loaded.unlock(PASSPHRASE));
    assertMaster(loaded.unlock(KeyFile.load(keyPath)));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(slotsFile)))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keyPath)))
        .isEqualTo("rw-------");
    assertThat(directory)
        .isDirectoryNotContaining(path -> !path.equals(slotsFile) && !path.equals(keyPath));
  }

  @Test
  void theDefaultCostFitsTheHeap() throws BadKeyException {
    KeySlots slots =
        KeySlots.none().withPassphrase(master, PASSPHRASE, PassphraseCost.DEFAULT, random);

    assertMaster(slots.unlock(PASSPHRASE));
  }

  @Test
  void aNewPassphraseReplacesTheOldOne() throws BadKeyException {
    byte[] changed = "battery staple".getBytes(US_ASCII);
    KeySlots slots = KeySlots.none()
        .withPassphrase(master, PASSPHRASE, CHEAP, random)
        .withPassphrase(master, changed, CHEAP, random);

    assertMaster(slots.unlock(changed));
    assertReason(Reason.WRONG_PASSPHRASE, () -> slots.unlock(PASSPHRASE));
  }

  @Test
  void wrongSecretsAreToldFromMissingSlots() {
    KeyFile keyFile = KeyFile.generate(random);
    KeySlots withPassphrase = KeySlots.none().withPassphrase(master, PASSPHRASE, CHEAP, random);
    KeySlots withKeyFile = KeySlots.none().withKeyFile(master, KeyFile.generate(random), random);

    assertReason(Reason.WRONG_PASSPHRASE, () -> withPassphrase.unlock(new byte[] {1}));
    assertReason(Reason.NO_SUCH_SLOT, () -> withPassphrase.unlock(keyFile));
    assertReason(Reason.WRONG_KEY_FILE, () -> withKeyFile.unlock(keyFile));
    assertReason(Reason.NO_SUCH_SLOT, () -> withKeyFile.unlock(PASSPHRASE));
  }

  /**
   * Whatever bit breaks, the file is refused, and never for the reason that the passphrase is
   * wrong.
   */
  @Test
  void anyFlippedBitIsDetected() {
    byte[] pinned = Golden.bytes("slots");
    for (int bit = 0; bit < pinned.length * 8; bit++) {
      byte[] damaged = pinned.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      Reason expected =
          bit / 8 < 4 ? Reason.UNRECOGNISED_FILE : bit / 8 == 4 ? null : Reason.DAMAGED;

      assertThatThrownBy(() -> KeySlots.parse("damaged", damaged))
          .isInstanceOfSatisfying(BadKeyException.class, e -> {
            if (expected == null) {
              assertThat(e.reason()).isIn(Reason.DAMAGED, Reason.NEWER_VERSION);
            } else {
              assertThat(e.reason()).isEqualTo(expected);
            }
          });
    }
  }

  @Test
  void anyOtherLengthIsDetected() {
    byte[] pinned = Golden.bytes("slots");
    for (int length = 8; length < pinned.length + 3; length++) {
      if (length != pinned.length) {
        byte[] other = Arrays.copyOf(pinned, length);
        assertReason(Reason.DAMAGED, () -> KeySlots.parse("cut", other));
      }
    }
    assertReason(Reason.UNRECOGNISED_FILE, () -> KeySlots.parse("empty", new byte[0]));
  }

  /** With a right checksum: only the limits stand between such a file and the heap. */
  @Test
  void anExcessiveCostIsRefused() {
    byte[] doctored = Golden.bytes("slots");
    doctored[8 + 4] = 0x7f;
    byte[] checksum = Primitives.JDK.sha256().digest(Arrays.copyOf(doctored, doctored.length - 32));
    System.arraycopy(checksum, 0, doctored, doctored.length - 32, 32);

    assertReason(Reason.DAMAGED, () -> KeySlots.parse("doctored", doctored));
  }

  @Test
  void aNewerVersionIsNamed() {
    byte[] newer = Golden.bytes("slots");
    newer[4] = 2;

    assertReason(Reason.NEWER_VERSION, () -> KeySlots.parse("newer", newer));
  }

  @Test
  void aMissingFileIsAnIoError() {
    assertThatThrownBy(() -> KeySlots.load(slotsFile)).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void noSlotsCannotBeSaved() {
    assertThatThrownBy(() -> KeySlots.none().save(slotsFile))
        .isInstanceOf(IllegalStateException.class);
    assertThat(slotsFile).doesNotExist();
  }

  @Test
  void slotsAreLimited() {
    KeySlots slots = KeySlots.none();
    KeyFile keyFile = KeyFile.generate(random);
    for (int i = 0; i < KeySlots.SLOTS_MAX; i++) {
      slots = slots.withKeyFile(master, keyFile, random);
    }
    KeySlots full = slots;

    assertThatThrownBy(() -> full.withKeyFile(master, keyFile, random))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theKeyFileIsText() throws IOException {
    KeyFile.generate(counting32()).save(keyPath);

    assertThat(Files.readString(keyPath))
        .isEqualTo("CAIRN VOLUME KEY 1\n"
            + "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n"
            + Golden.hex("keyfile.check") + "\n");
  }

  @ParameterizedTest
  @CsvSource({
    "'', UNRECOGNISED_FILE",
    "-----BEGIN PRIVATE KEY-----, UNRECOGNISED_FILE",
    "CAIRN VOLUME KEY 2, NEWER_VERSION",
    "CAIRN VOLUME KEY 1, DAMAGED",
    "CAIRN VOLUME KEY 1|00|00, DAMAGED",
    "CAIRN VOLUME KEY 1|212122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f|72dbb733, DAMAGED",
    "CAIRN VOLUME KEY 1|x02122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f|72dbb733, DAMAGED"
  })
  void whatIsNoKeyFileIsRefused(String lines, Reason reason) throws IOException {
    Files.writeString(keyPath, lines.replace('|', '\n'));

    assertReason(reason, () -> KeyFile.load(keyPath));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n", "\r\n\r\n"})
  void theKeyFileMayHaveBeenThroughAnEditor(String lineEnd) throws Exception {
    Files.writeString(
        keyPath,
        String.join(
            lineEnd,
            "CAIRN VOLUME KEY 1 ",
            "202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F",
            Golden.hex("keyfile.check")));

    assertThat(KeyFile.load(keyPath).secret()).isEqualTo(Golden.counting(32, 32));
  }

  @Test
  void aHugeFileIsNotRead() throws IOException {
    Files.write(keyPath, new byte[PrivateFiles.SIZE_MAX_BYTES + 1]);

    assertThatThrownBy(() -> KeyFile.load(keyPath))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("longer");
  }

  private static SecureRandom counting32() {
    return new SecureRandom() {
      private static final long serialVersionUID = 1L;

      @Override
      public void nextBytes(byte[] bytes) {
        System.arraycopy(Golden.counting(32, bytes.length), 0, bytes, 0, bytes.length);
      }
    };
  }

  private void assertMaster(MasterKey unlocked) {
    assertThat(unlocked.copyBytes()).isEqualTo(master.copyBytes());
  }

  private static void assertReason(Reason reason, ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            BadKeyException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
