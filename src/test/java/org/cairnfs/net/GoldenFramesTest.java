package org.cairnfs.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import org.cairnfs.core.NodeId;
import org.junit.jupiter.api.Test;

/**
 * Pins the bytes of docs/protocol.md. They were written by hand from that document; a change of one
 * is a new version of the protocol.
 */
final class GoldenFramesTest {
  private static final UnpooledByteBufAllocator ALLOCATOR = UnpooledByteBufAllocator.DEFAULT;
  private static final MessageType MESSAGE = new MessageType(258, "any", ChannelKind.CONTROL);

  private static final String NODE =
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

  private static final String HELLO = ""
      + "43524e50" // CRNP
      + "0004" // newest version
      + "0004" // oldest version
      + "0a10" + "00112233445566778899aabbccddeeff"
      + "1220" + NODE
      + "1a020102" // roles: member, storage
      + "210500000000000080" // features: bits 0, 2 and 63
      + "2802" // bulk
      + "3205" + "636169726e"; // software: cairn

  private static final Hello MEANT = new Hello(
      TestNode.CLUSTER,
      NodeId.parse(NODE),
      Set.of(Role.MEMBER, Role.STORAGE),
      0x8000_0000_0000_0005L,
      ChannelKind.BULK,
      "cairn");

  private static void assertBytes(ByteBuf frame, String hex) {
    assertThat(ByteBufUtil.hexDump(frame)).isEqualTo(hex);
    frame.release();
  }

  private static ByteBuf bytes(String hex) {
    return Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex));
  }

  @Test
  void hello() throws Exception {
    byte[] payload = HelloCodec.encode(MEANT);

    assertBytes(Frames.hello(ALLOCATOR, payload), "0000005b" + "01" + "0000000000000000" + HELLO);
    ByteBuf read = bytes(HELLO);
    assertThat(HelloCodec.versions(read)).isEqualTo(new HelloCodec.Versions(4, 4));
    assertThat(HelloCodec.body(read)).isEqualTo(MEANT);
  }

  @Test
  void theVersionsOfAnotherHelloAreRead() throws Exception {
    assertThat(HelloCodec.versions(bytes("43524e50" + "0001" + "0001")))
        .isEqualTo(new HelloCodec.Versions(1, 1));
    assertThat(HelloCodec.versions(bytes("43524e50" + "0003" + "0001")))
        .isEqualTo(new HelloCodec.Versions(3, 1));
  }

  @Test
  void request() {
    assertBytes(
        Frames.requestPrefix(ALLOCATOR, 7, MESSAGE, 60_000, 524_288, 3),
        "00000016" + "02" + "0000000000000007" + "0102" + "0000ea60" + "00080000");
  }

  @Test
  void framesWithoutAPrefixOfTheirOwn() {
    assertBytes(
        Frames.prefix(ALLOCATOR, FrameType.REPLY, 7, 3), "0000000c" + "04" + "0000000000000007");
    assertBytes(
        Frames.prefix(ALLOCATOR, FrameType.CHUNK, 7, 131_072),
        "00020009" + "05" + "0000000000000007");
    assertBytes(
        Frames.prefix(ALLOCATOR, FrameType.CANCEL, 7, 0), "00000009" + "09" + "0000000000000007");
    assertBytes(
        Frames.prefix(ALLOCATOR, FrameType.KEEP_ALIVE, 0, 0),
        "00000009" + "0a" + "0000000000000000");
  }

  @Test
  void end() {
    assertBytes(
        Frames.end(ALLOCATOR, 7, 5_000_000),
        "00000011" + "06" + "0000000000000007" + "00000000004c4b40");
  }

  @Test
  void credit() {
    assertBytes(
        Frames.credit(ALLOCATOR, 7, 262_144), "0000000d" + "08" + "0000000000000007" + "00040000");
  }

  @Test
  void failure() throws Exception {
    assertBytes(
        Frames.failure(ALLOCATOR, 7, FailureCode.NOT_FOUND, "né"),
        "0000000e" + "07" + "0000000000000007" + "0006" + "6ec3a9");
    PeerException read = Frames.readFailure(bytes("0006" + "6ec3a9"));
    assertThat(read.code()).isEqualTo(FailureCode.NOT_FOUND);
    assertThat(read).hasMessage("né");
  }

  @Test
  void failureCodesKeepTheirNumbers() {
    int[] numbers =
        Arrays.stream(FailureCode.values()).mapToInt(FailureCode::number).toArray();

    assertThat(numbers).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20, 21, 22);
  }

  @Test
  void textsAreCutBetweenCharacters() {
    byte[] cut = Frames.cut("é".repeat(400), 511);

    assertThat(new String(cut, StandardCharsets.UTF_8)).isEqualTo("é".repeat(255));
  }

  @Test
  void textsOfPeersCannotForgeLines() {
    assertThat(Frames.printable("a\nWARN b\u001b[31m\u202ec")).isEqualTo("a?WARN b?[31m?c");
  }

  @Test
  void hellosWithWrongCountsAreRefused() {
    String prefix = "43524e50" + "0004" + "0004";
    for (String bad : new String[] {
      "",
      "0a0f" + "00".repeat(15),
      "0a10" + "00".repeat(16) + "121f" + "00".repeat(31),
      "0a10" + "00".repeat(16) + "1220" + NODE,
      "0a10" + "00".repeat(16) + "1220" + NODE + "2803",
      "0a10" + "00".repeat(16) + "1220" + NODE + "1a0109" + "2801",
      "0a10" + "00".repeat(16) + "1220" + NODE + "1a09" + "01".repeat(9) + "2801",
      "0a10" + "00".repeat(16) + "1220" + NODE + "2801" + "3241" + "61".repeat(65),
      "ff"
    }) {
      ByteBuf payload = bytes(prefix + bad);
      assertThatThrownBy(() -> {
            HelloCodec.versions(payload);
            HelloCodec.body(payload);
          })
          .as(bad)
          .isInstanceOf(ProtocolViolation.class);
    }
  }

  @Test
  void prefixesThatMakeNoSenseAreRefused() {
    for (String bad :
        new String[] {"", "43524e50", "43524e5100010001", "43524e5000010002", "43524e5000010000"}) {
      assertThatThrownBy(() -> HelloCodec.versions(bytes(bad)))
          .as(bad)
          .isInstanceOf(ProtocolViolation.class);
    }
  }
}
