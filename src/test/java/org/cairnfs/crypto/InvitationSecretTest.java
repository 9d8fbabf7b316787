package org.cairnfs.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.SecureRandom;
import org.junit.jupiter.api.Test;

final class InvitationSecretTest {
  private final InvitationSecret secret = InvitationSecret.of(Golden.counting(64, 16));

  @Test
  void hashAndWrappedKeyAreThePinnedOnes() {
    assertThat(secret.hash()).isEqualTo(Golden.bytes("invitation.hash"));
    assertThat(secret.wrap(KeyFile.of(Golden.counting(32, 32))))
        .isEqualTo(Golden.bytes("invitation.wrapped"));
  }

  @Test
  void givesBackTheKeyFile() throws Exception {
    try (KeyFile keyFile = secret.unwrap(Golden.bytes("invitation.wrapped"))) {
      assertThat(keyFile.secret()).isEqualTo(Golden.counting(32, 32));
    }
  }

  @Test
  void anotherSecretOrAChangedByteGivesNothing() {
    byte[] wrapped = Golden.bytes("invitation.wrapped");
    InvitationSecret other = InvitationSecret.generate(new SecureRandom());
    assertThatThrownBy(() -> other.unwrap(wrapped)).isInstanceOf(BadKeyException.class);
    wrapped[9] ^= 1;
    assertThatThrownBy(() -> secret.unwrap(wrapped)).isInstanceOf(BadKeyException.class);
    assertThatThrownBy(() -> secret.unwrap(new byte[8])).isInstanceOf(BadKeyException.class);
  }

  @Test
  void keepsToItself() {
    assertThat(secret).hasToString("InvitationSecret[secret]");
    secret.close();
    assertThat(secret.copyBytes()).isEqualTo(new byte[16]);
  }
}
