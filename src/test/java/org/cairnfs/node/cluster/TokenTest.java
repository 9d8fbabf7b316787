package org.cairnfs.node.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.InvitationSecret;
import org.cairnfs.net.Role;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.JoinToken;
import org.junit.jupiter.api.Test;

final class TokenTest {
  private static final byte[] SECRET = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final Token TOKEN = new Token(
      UUID.fromString("0f8fad5b-d9cb-469f-a165-70867728950e"),
      Role.STORAGE,
      List.of(new NodeId(1, 2, 3, 4), new NodeId(5, 6, 7, 8)),
      List.of(new ListenAddress("127.0.0.1", 3000), new ListenAddress("2001:db8::7", 7747)),
      InvitationSecret.of(SECRET));

  @Test
  void isOneLineThatIsReadBack() throws OperatorException {
    String text = TOKEN.encode();
    assertThat(text).startsWith("cairn1").matches("[A-Za-z0-9_-]+");
    Token read = Token.parse("  " + text + "\n");
    assertThat(read.cluster()).isEqualTo(TOKEN.cluster());
    assertThat(read.role()).isEqualTo(Role.STORAGE);
    assertThat(read.nodes()).isEqualTo(TOKEN.nodes());
    assertThat(read.addresses()).isEqualTo(TOKEN.addresses());
    assertThat(read.secret().copyBytes()).isEqualTo(SECRET);
    assertThat(read.toString()).doesNotContain("0123", Arrays.toString(SECRET));
  }

  @Test
  void forgetsTheSecretOnceItIsClosed() throws Exception {
    Token read = Token.parse(TOKEN.encode());

    read.close();

    assertThat(read.secret().copyBytes()).containsOnly(0);
  }

  @Property(tries = 200)
  void aCharacterThatWasChangedIsNoticed(
      @ForAll @IntRange(min = 6, max = 150) int place, @ForAll @IntRange(max = 63) int digit) {
    String text = TOKEN.encode();
    char other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".charAt(digit);
    if (text.charAt(place) != other) {
      refused(text.substring(0, place) + other + text.substring(place + 1), "is damaged");
    }
  }

  @Property(tries = 50)
  void aTokenThatWasCutIsNoticed(@ForAll @IntRange(min = 6, max = 180) int length) {
    refused(TOKEN.encode().substring(0, length), "is damaged");
  }

  @Property
  void anythingElseIsNone(@ForAll @StringLength(max = 40) String text) {
    OperatorException refusal =
        catchThrowableOfType(OperatorException.class, () -> Token.parse(text));
    assertThat(refusal.remedy()).isNotEmpty();
  }

  @Test
  void saysWhatIsWrong() {
    refused("", "not a token of Cairn");
    refused("hello", "not a token of Cairn");
    refused("cairn", "not a token of Cairn");
    refused("cairn2" + TOKEN.encode().substring(6), "newer version");
    refused("cairn1", "is damaged");
    refused("cairn1" + "A".repeat(10_000), "is damaged");
    refused(TOKEN.encode().replace("cairn1", "cairn1 "), "is damaged");
  }

  /** The checksum is right, and what it covers makes no sense. */
  @Test
  void isBoundedAndComplete() throws Exception {
    JoinToken good = message(TOKEN.encode());
    refused(good.toBuilder().clearNodeIds());
    refused(good.toBuilder().clearAddresses());
    refused(good.toBuilder().setRoleValue(9));
    refused(good.toBuilder().setSecret(ByteString.copyFrom(new byte[15])));
    refused(good.toBuilder().setClusterId(ByteString.EMPTY));
    refused(good.toBuilder().addNodeIds(ByteString.copyFrom(new byte[31])));
    for (int i = 0; i < Token.PLACES_MAX; i++) {
      good = good.toBuilder().addNodeIds(ByteString.copyFrom(new byte[32])).build();
    }
    refused(good.toBuilder());
  }

  private static JoinToken message(String token) throws Exception {
    byte[] all = Base64.getUrlDecoder().decode(token.substring(6));
    return JoinToken.parseFrom(Arrays.copyOf(all, all.length - 8));
  }

  private static void refused(JoinToken.Builder message) throws Exception {
    byte[] bytes = message.build().toByteArray();
    byte[] all = Arrays.copyOf(bytes, bytes.length + 8);
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
    System.arraycopy(hash, 0, all, bytes.length, 8);
    refused("cairn1" + Base64.getUrlEncoder().withoutPadding().encodeToString(all), "is damaged");
  }

  private static void refused(String text, String complaint) {
    OperatorException refusal =
        catchThrowableOfType(OperatorException.class, () -> Token.parse(text));
    assertThat(refusal).as(text).hasMessageContaining(complaint);
    assertThat(refusal.remedy()).isNotEmpty();
    assertThat(refusal.getCause()).isNull();
  }
}
