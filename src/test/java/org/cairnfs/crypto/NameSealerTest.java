package org.cairnfs.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.assertj.core.api.ThrowableAssert;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NameSealerTest {
  private static final InodeNumber INODE = new InodeNumber(0x0102030405060708L);
  private static final InodeNumber OTHER = new InodeNumber(0x0102030405060709L);

  private final NameSealer sealer = new NameSealer(Golden.volumeKeys());

  /** RFC 8452 appendix C.2. */
  @ParameterizedTest
  @CsvSource({
    "'', '', 07f5f4169bbf55a8400cd47ea6fd400f",
    "0100000000000000, '', c2ef328e5c71c83b843122130f7364b761e0b97427e3df28",
    "0200000000000000, 01, 1de22967237a813291213f267e3b452f02d01ae33e4ec854"
  })
  void theCipherGivesTheVectorsOfTheRfc(String plain, String associated, String sealed)
      throws IntegrityException {
    HexFormat hex = HexFormat.of();
    byte[] key = hex.parseHex("01" + "00".repeat(31));
    byte[] nonce = hex.parseHex("030000000000000000000000");
    for (Primitives primitives : List.of(Primitives.fastest(), Primitives.JDK)) {
      SivCipher cipher = SivCipher.of(primitives, key, nonce);
      for (int again = 0; again < 2; again++) {
        Bytes made = cipher.seal(hex.parseHex(associated), new Bytes(hex.parseHex(plain)));

        assertThat(made).hasToString(sealed);
        assertThat(cipher.open(hex.parseHex(associated), made)).hasToString(plain);
      }
    }
  }

  @Test
  void sealedStringsAreThePinnedOnes() {
    assertThat(sealer.sealName(INODE, bytes("README.md"))).hasToString(Golden.hex("name"));
    assertThat(sealer.sealSymlinkTarget(bytes("../target"))).hasToString(Golden.hex("symlink"));
    assertThat(sealer.sealXattrName(INODE, bytes("user.colour")))
        .hasToString(Golden.hex("xattr.name"));
    assertThat(sealer.sealXattrValue(INODE, bytes("user.colour"), bytes("blue")))
        .hasToString(Golden.hex("xattr.value"));
  }

  @Property(tries = 300)
  void bothKindsOfCiphersMakeAndOpenTheSame(
      @ForAll @Size(max = 300) byte[] array, @ForAll @Size(max = 40) byte[] associated)
      throws IntegrityException {
    byte[] key = Golden.volumeKeys().name();
    SivCipher jvm = SivCipher.of(Primitives.JDK, key, new byte[12]);
    SivCipher fastest = SivCipher.of(Primitives.fastest(), key, new byte[12]);
    Bytes plain = new Bytes(array);

    Bytes sealed = jvm.seal(associated, plain);

    assertThat(fastest.seal(associated, plain)).isEqualTo(sealed);
    assertThat(fastest.open(associated, sealed)).isEqualTo(plain);
    byte[] wrong = sealed.array().clone();
    wrong[wrong.length - 1] ^= 1;
    for (SivCipher cipher : List.of(jvm, fastest)) {
      assertThatThrownBy(() -> cipher.open(associated, new Bytes(wrong)))
          .isInstanceOf(IntegrityException.class);
      assertThat(cipher.open(associated, sealed)).as("after a wrong one").isEqualTo(plain);
    }
  }

  @Property(tries = 300)
  void whatWasSealedOpens(@ForAll @Size(min = 1, max = 255) byte[] array, @ForAll long inodeNumber)
      throws IntegrityException {
    Bytes plain = new Bytes(array);
    InodeNumber inode = new InodeNumber(inodeNumber);

    Bytes name = sealer.sealName(inode, plain);
    assertThat(name.length()).isEqualTo(array.length + 16);
    assertThat(sealer.sealName(inode, plain)).isEqualTo(name);
    assertThat(sealer.openName(inode, name)).isEqualTo(plain);
    assertThat(sealer.openSymlinkTarget(sealer.sealSymlinkTarget(plain))).isEqualTo(plain);
    assertThat(sealer.openXattrName(inode, sealer.sealXattrName(inode, plain))).isEqualTo(plain);
    assertThat(sealer.openXattrValue(inode, plain, sealer.sealXattrValue(inode, plain, plain)))
        .isEqualTo(plain);
  }

  @Test
  void valuesMayBeEmptyOrLong() throws IntegrityException {
    byte[] array = new byte[64 << 10];
    new Random(1).nextBytes(array);
    for (Bytes value : List.of(new Bytes(new byte[0]), new Bytes(array))) {
      Bytes sealed = sealer.sealXattrValue(INODE, bytes("user.a"), value);

      assertThat(sealer.openXattrValue(INODE, bytes("user.a"), sealed)).isEqualTo(value);
    }
  }

  @Test
  void aSealedStringOpensInItsOwnPlaceOnly() {
    Bytes plain = bytes("user.a");
    Bytes name = sealer.sealName(INODE, plain);
    Bytes target = sealer.sealSymlinkTarget(plain);
    Bytes attribute = sealer.sealXattrName(INODE, plain);
    Bytes value = sealer.sealXattrValue(INODE, plain, plain);

    assertRefused(() -> sealer.openName(OTHER, name));
    assertRefused(() -> sealer.openName(INODE, target));
    assertRefused(() -> sealer.openName(INODE, attribute));
    assertRefused(() -> sealer.openSymlinkTarget(name));
    assertRefused(() -> sealer.openXattrName(OTHER, attribute));
    assertRefused(() -> sealer.openXattrName(INODE, value));
    assertRefused(() -> sealer.openXattrValue(OTHER, plain, value));
    assertRefused(() -> sealer.openXattrValue(INODE, bytes("user.b"), value));
  }

  @Test
  void anyFlippedBitIsDetectedAndTheNextCallWorks() throws IntegrityException {
    Bytes sealed = sealer.sealName(INODE, bytes("README.md"));
    for (int bit = 0; bit < sealed.length() * 8; bit++) {
      byte[] damaged = sealed.array().clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);

      assertRefused(() -> sealer.openName(INODE, new Bytes(damaged)));
      assertThat(sealer.openName(INODE, sealed)).isEqualTo(bytes("README.md"));
    }
  }

  @Test
  void anythingShorterIsRefused() {
    Bytes sealed = sealer.sealName(INODE, bytes("README.md"));
    for (int length = 0; length < sealed.length(); length++) {
      Bytes cut = new Bytes(Arrays.copyOf(sealed.array(), length));

      assertRefused(() -> sealer.openName(INODE, cut));
    }
  }

  private static void assertRefused(ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(IntegrityException.class);
  }

  private static Bytes bytes(String text) {
    return new Bytes(text.getBytes(US_ASCII));
  }
}
