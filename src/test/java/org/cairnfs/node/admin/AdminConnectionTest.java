package org.cairnfs.node.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.cairnfs.proto.AdminChunk;
import org.cairnfs.proto.AdminFailure;
import org.cairnfs.proto.AdminMountRequest;
import org.cairnfs.proto.AdminRequest;
import org.cairnfs.proto.AdminResponse;
import org.cairnfs.proto.AdminStatusRequest;
import org.junit.jupiter.api.Test;

final class AdminConnectionTest {
  /** Reads what it was given, a few bytes at a time, and keeps what is written. */
  private static final class Memory implements ByteChannel {
    private final ByteBuffer input;
    private final int atATime;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    Memory(byte[] input, int atATime) {
      this.input = ByteBuffer.wrap(input);
      this.atATime = atATime;
    }

    @Override
    public int read(ByteBuffer into) {
      if (!input.hasRemaining()) {
        return -1;
      }
      int count = Math.min(Math.min(atATime, input.remaining()), into.remaining());
      into.put(input.slice(input.position(), count));
      input.position(input.position() + count);
      return count;
    }

    @Override
    public int write(ByteBuffer from) {
      int count = Math.min(atATime, from.remaining());
      for (int i = 0; i < count; i++) {
        output.write(from.get());
      }
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  private static final AdminRequest STATUS = AdminRequest.newBuilder()
      .setProtocolVersion(1)
      .setStatus(AdminStatusRequest.getDefaultInstance())
      .build();
  private static final AdminRequest MOUNT = AdminRequest.newBuilder()
      .setProtocolVersion(1)
      .setMount(AdminMountRequest.newBuilder().setDirectory("/mnt/a").addOptions("ro"))
      .build();
  private static final AdminResponse FAILURE = AdminResponse.newBuilder()
      .setFailure(AdminFailure.newBuilder().setMessage("no").setRemedy("try").setExitCode(1))
      .build();

  /**
   * Commands and nodes of different builds meet over these bytes, so they are never regenerated.
   */
  @Test
  void goldenFrames() throws IOException {
    assertThat(sent(STATUS)).isEqualTo("00000004" + "08011200");
    assertThat(sent(MOUNT)).isEqualTo("00000010" + "0801220c0a062f6d6e742f611202726f");
    assertThat(sent(FAILURE)).isEqualTo("0000000d" + "0a0b0a026e6f1203747279" + "1801");
    assertThat(received("00000004" + "08011200")).isEqualTo(STATUS);
    assertThat(received("00000010" + "0801220c0a062f6d6e742f611202726f")).isEqualTo(MOUNT);
  }

  @Test
  void theEndBetweenMessagesIsNoFailure() throws IOException {
    assertThat(received("")).isNull();
  }

  @Test
  void anEmptyMessageIsAMessage() throws IOException {
    assertThat(received("00000000")).isEqualTo(AdminRequest.getDefaultInstance());
  }

  @Test
  void theEndWithinAMessageIsAFailure() {
    for (String cut : new String[] {"00", "000000", "00000004", "00000004" + "080112"}) {
      assertThatThrownBy(() -> received(cut))
          .as(cut)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("closed");
    }
  }

  @Test
  void lengthsAreCheckedBeforeAnythingIsAllocated() {
    for (String length : new String[] {"ffffffff", "80000000", "7fffffff", "00080001"}) {
      assertThatThrownBy(() -> received(length + "00")).as(length).hasMessageContaining("length");
    }
  }

  @Test
  void whatIsNoMessageIsRefused() {
    assertThatThrownBy(() -> received("00000002" + "ffff")).hasMessageContaining("understood");
  }

  @Test
  void tooLongAMessageIsNotSent() {
    AdminChunk chunk = AdminChunk.newBuilder()
        .setData(ByteString.copyFrom(new byte[AdminConnection.MESSAGE_MAX_BYTES]))
        .build();
    assertThatThrownBy(() -> new AdminConnection(new Memory(new byte[0], 1)).send(chunk))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Property(tries = 200)
  void messagesArriveHoweverTheyAreCutUp(
      @ForAll @Size(max = 300) byte[] first,
      @ForAll @Size(max = 300) byte[] second,
      @ForAll @IntRange(min = 1, max = 700) int atATime)
      throws IOException {
    Memory out = new Memory(new byte[0], atATime);
    AdminConnection sender = new AdminConnection(out);
    AdminChunk one = AdminChunk.newBuilder().setData(ByteString.copyFrom(first)).build();
    AdminChunk two = AdminChunk.newBuilder()
        .setData(ByteString.copyFrom(second))
        .setLast(true)
        .build();
    sender.send(one);
    sender.send(two);

    AdminConnection receiver = new AdminConnection(new Memory(out.output.toByteArray(), atATime));
    assertThat(receiver.receive(AdminChunk.parser())).isEqualTo(one);
    assertThat(receiver.receive(AdminChunk.parser())).isEqualTo(two);
    assertThat(receiver.receive(AdminChunk.parser())).isNull();
  }

  @Property(tries = 2000)
  void arbitraryBytesAreMessagesOrRefused(@ForAll @Size(max = 64) byte[] bytes) {
    bytesAreMessagesOrRefused(bytes);
  }

  /** As above, but with a length that fits, so that the parser is reached. */
  @Property(tries = 2000)
  void arbitraryMessagesAreReadOrRefused(@ForAll @Size(max = 64) byte[] body) {
    bytesAreMessagesOrRefused(
        ByteBuffer.allocate(4 + body.length).putInt(body.length).put(body).array());
  }

  private static void bytesAreMessagesOrRefused(byte[] bytes) {
    AdminConnection connection = new AdminConnection(new Memory(bytes, 7));
    try {
      while (connection.receive(AdminRequest.parser()) != null) {
        // The next one.
      }
    } catch (IOException refused) {
      assertThat(refused).hasMessageContaining("admin");
    }
  }

  private static String sent(MessageLite message) throws IOException {
    Memory memory = new Memory(new byte[0], 3);
    new AdminConnection(memory).send(message);
    return HexFormat.of().formatHex(memory.output.toByteArray());
  }

  private static AdminRequest received(String hex) throws IOException {
    return new AdminConnection(new Memory(HexFormat.of().parseHex(hex), 3))
        .receive(AdminRequest.parser());
  }
}
