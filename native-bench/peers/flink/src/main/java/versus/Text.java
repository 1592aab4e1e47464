package versus;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Text where it lies, one byte a character, as Flink's own binary strings: a String is made only where one is needed. */
public final class Text {
  private byte[] bytes;
  private int from;
  private int length;

  Text set(byte[] bytes, int from, int length) {
    this.bytes = bytes;
    this.from = from;
    this.length = length;
    return this;
  }

  void write(DataOutputView out) throws IOException {
    out.writeShort(length);
    out.write(bytes, from, length);
  }

  static Text read(DataInputView in) throws IOException {
    int length = in.readUnsignedShort();
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return new Text().set(bytes, 0, length);
  }

  /** Whether it is one of some texts of two letters. */
  boolean isOneOf(String... texts) {
    for (String text : texts) {
      if (length == 2 && bytes[from] == text.charAt(0) && bytes[from + 1] == text.charAt(1)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public String toString() {
    return new String(bytes, from, length, StandardCharsets.ISO_8859_1);
  }
}
