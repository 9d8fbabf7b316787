package org.cairnfs.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import org.cairnfs.core.BlobFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RFC 5869 appendix A, and what VolumeKeys makes of it. */
final class HkdfTest {
  private static final HexFormat HEX = HexFormat.of();

  @ParameterizedTest
  @CsvSource({
    // A.1
    "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b, 000102030405060708090a0b0c, f0f1f2f3f4f5f6f7f8f9, 42,"
        + "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    // A.3
    "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b, '', '', 42,"
        + "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
  })
  void givesTheVectorsOfTheRfc(
      String secret, String salt, String info, int length, String expected) {
    byte[] derived =
        Hkdf.derive(HEX.parseHex(secret), HEX.parseHex(salt), HEX.parseHex(info), length);

    assertThat(HEX.formatHex(derived)).isEqualTo(expected);
  }

  /** RFC 5869 A.2: inputs and output longer than one hash. */
  @Test
  void givesTheLongVectorOfTheRfc() {
    byte[] derived = Hkdf.derive(
        Golden.counting(0x00, 80), Golden.counting(0x60, 80), Golden.counting(0xb0, 80), 82);

    assertThat(HEX.formatHex(derived))
        .isEqualTo("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            + "cc30c58179ec3e87c14c01d5c1f3434f1d87");
  }

  @Test
  void refusesALengthThatTheCounterCannotReach() {
    assertThatThrownBy(() -> Hkdf.expand(new byte[32], new byte[0], 255 * 32 + 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void subkeysAreThePinnedOnes() {
    VolumeKeys keys = Golden.volumeKeys();

    assertThat(keys.content(BlobFormat.FRAMES_64K)).isEqualTo(Golden.bytes("key.content"));
    assertThat(keys.content(BlobFormat.FRAMES_16K)).isEqualTo(Golden.bytes("key.content-16k"));
    assertThat(keys.blockKeyWrap()).isEqualTo(Golden.bytes("key.blockkey-wrap"));
    assertThat(keys.name()).isEqualTo(Golden.bytes("key.name"));
    assertThat(keys.xattr()).isEqualTo(Golden.bytes("key.xattr"));
  }

  @Test
  void closingZeroesKeys() {
    MasterKey master = Golden.masterKey();
    VolumeKeys keys = VolumeKeys.derive(master);
    master.close();
    keys.close();

    for (BlobFormat format : BlobFormat.values()) {
      assertThat(keys.content(format)).containsOnly(0);
    }
    assertThat(keys.xattr()).containsOnly(0);
    assertThatThrownBy(() -> VolumeKeys.derive(master)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void secretsAreNotPrinted() {
    assertThat(Golden.masterKey()).hasToString("MasterKey[secret]");
    assertThat(Golden.volumeKeys()).hasToString("VolumeKeys[secret]");
  }
}
