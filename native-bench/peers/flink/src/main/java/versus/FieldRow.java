package versus;

import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RawValueData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.types.RowKind;
import org.apache.flink.types.variant.Variant;

/** A row without fields: those that read something in place say which types they have. */
abstract class FieldRow implements RowData {
  private RowKind kind = RowKind.INSERT;

  @Override
  public RowKind getRowKind() {
    return kind;
  }

  @Override
  public void setRowKind(RowKind kind) {
    this.kind = kind;
  }

  @Override
  public boolean isNullAt(int field) {
    return false;
  }

  private static UnsupportedOperationException none() {
    return new UnsupportedOperationException("no field of an event has this type");
  }

  @Override
  public boolean getBoolean(int field) {
    throw none();
  }

  @Override
  public byte getByte(int field) {
    throw none();
  }

  @Override
  public short getShort(int field) {
    throw none();
  }

  @Override
  public int getInt(int field) {
    throw none();
  }

  @Override
  public long getLong(int field) {
    throw none();
  }

  @Override
  public float getFloat(int field) {
    throw none();
  }

  @Override
  public double getDouble(int field) {
    throw none();
  }

  @Override
  public StringData getString(int field) {
    throw none();
  }

  @Override
  public DecimalData getDecimal(int field, int precision, int scale) {
    throw none();
  }

  @Override
  public TimestampData getTimestamp(int field, int precision) {
    throw none();
  }

  @Override
  public <T> RawValueData<T> getRawValue(int field) {
    throw none();
  }

  @Override
  public byte[] getBinary(int field) {
    throw none();
  }

  @Override
  public ArrayData getArray(int field) {
    throw none();
  }

  @Override
  public MapData getMap(int field) {
    throw none();
  }

  @Override
  public RowData getRow(int field, int arity) {
    throw none();
  }

  @Override
  public Variant getVariant(int field) {
    throw none();
  }
}
