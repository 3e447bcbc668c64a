//! Tables as Parquet, with the columns of their CSV, behind the feature
//! `parquet`.

use std::sync::Arc;

use jiff::civil::date;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray,
    FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::format::rounded;
use super::table::{Cell, Table, Unit};

/// Digits and bytes of a whole number of wei.
const WEI_DIGITS: i32 = 38;
const WEI_BYTES: i32 = 16;

/// What a column holds; every cell of it may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Date,
    Number,
    Whole,
    Wei,
    Flag,
}

impl Kind {
    fn of(cell: &Cell) -> Kind {
        match cell {
            Cell::Text(_) | Cell::Abridged(..) => Kind::Text,
            Cell::Date(_) => Kind::Date,
            Cell::Number(_, Unit::Whole) => Kind::Whole,
            Cell::Number(..) => Kind::Number,
            Cell::Wei(_) => Kind::Wei,
            Cell::Flag(_) => Kind::Flag,
        }
    }

    /// That of all cells of a column; text where they differ.
    fn of_column(table: &Table, column: usize) -> Kind {
        let mut kinds = table.rows.iter().filter_map(|row| row.get(column)).map(Kind::of);
        let first = kinds.next().unwrap_or(Kind::Text);
        if kinds.all(|kind| kind == first) { first } else { Kind::Text }
    }

    fn field(self, name: &str) -> Result<Type, ParquetError> {
        let (physical, logical) = match self {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Date => (Physical::INT32, Some(LogicalType::Date)),
            Kind::Number => (Physical::DOUBLE, None),
            Kind::Whole => (Physical::INT64, None),
            Kind::Wei => {
                (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::decimal(0, WEI_DIGITS)))
            }
            Kind::Flag => (Physical::BOOLEAN, None),
        };
        let builder = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical);
        match self {
            Kind::Wei => {
                builder.with_length(WEI_BYTES).with_precision(WEI_DIGITS).with_scale(0).build()
            }
            _ => builder.build(),
        }
    }
}

/// A table as a Parquet file, compressed with Snappy.
pub(super) fn render(table: &Table) -> Result<Vec<u8>, String> {
    written(table).map_err(|error| error.to_string())
}

fn written(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let kinds: Vec<Kind> =
        (0..table.columns.len()).map(|column| Kind::of_column(table, column)).collect();
    let fields: Result<Vec<TypePtr>, ParquetError> = table
        .columns
        .iter()
        .zip(&kinds)
        .map(|(column, kind)| Ok(Arc::new(kind.field(&column.key)?)))
        .collect();
    let schema = Type::group_type_builder("orchsim").with_fields(fields?).build()?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for (column, kind) in kinds.iter().enumerate() {
        let cells = table.rows.iter().filter_map(|row| row.get(column));
        match kind {
            Kind::Text => write::<ByteArrayType>(&mut group, cells.map(text))?,
            Kind::Date => write::<Int32Type>(&mut group, cells.map(days_since_epoch))?,
            Kind::Number => write::<DoubleType>(&mut group, cells.map(number))?,
            Kind::Whole => write::<Int64Type>(&mut group, cells.map(whole))?,
            Kind::Wei => write::<FixedLenByteArrayType>(&mut group, cells.map(wei))?,
            Kind::Flag => write::<BoolType>(&mut group, cells.map(flag))?,
        }
    }
    group.close()?;
    writer.close()?;
    Ok(bytes)
}

fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        levels.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
    let missing = || ParquetError::General("fewer columns than the schema has".to_string());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    column.close()
}

fn text(cell: &Cell) -> Option<ByteArray> {
    let text = match cell {
        Cell::Text(text) => text.clone(),
        Cell::Abridged(texts) => texts[0].clone(),
        other => other.precise(),
    };
    Some(ByteArray::from(text.into_bytes()))
}

fn days_since_epoch(cell: &Cell) -> Option<i32> {
    match cell {
        Cell::Date(day) => day.map(|day| (day - date(1970, 1, 1)).get_days()),
        _ => None,
    }
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Number(value, _) => value.and_then(rounded),
        _ => None,
    }
}

fn whole(cell: &Cell) -> Option<i64> {
    number(cell).map(|value| value as i64)
}

fn wei(cell: &Cell) -> Option<FixedLenByteArray> {
    match cell {
        Cell::Wei(wei) => Some(ByteArray::from(wei.0.to_be_bytes().to_vec()).into()),
        _ => None,
    }
}

fn flag(cell: &Cell) -> Option<bool> {
    match cell {
        Cell::Flag(flag) => Some(*flag),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::super::table::Column;
    use super::*;
    use crate::units::Wei;

    #[test]
    fn what_was_written_is_read_back() {
        let columns = vec![
            Column::text("name", "Name"),
            Column::text("date", "Date"),
            Column::number("day", "Day"),
            Column::number("eth", "ETH"),
            Column::for_programs("wei"),
            Column::text("censored", "Censored"),
        ];
        let most = Wei(120_000_000_000_000_000_000_000_001);
        let rows = vec![
            vec![
                Cell::text("=a,b"),
                Cell::Date(Some(date(2025, 2, 18))),
                Cell::whole(7),
                Cell::eth(0.1 + 0.2),
                Cell::Wei(most),
                Cell::Flag(true),
            ],
            vec![
                Cell::text(""),
                Cell::Date(None),
                Cell::whole(8),
                Cell::Number(None, Unit::Eth),
                Cell::Wei(Wei::ZERO),
                Cell::Flag(false),
            ],
        ];
        let bytes = render(&Table::new(columns, rows)).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<Vec<Field>> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().get_column_iter().map(|(_, field)| field.clone()).collect())
            .collect();
        assert_eq!(rows[0][0], Field::Str("=a,b".to_string()));
        assert_eq!(rows[0][1], Field::Date(20_137));
        assert_eq!((&rows[0][2], &rows[0][3]), (&Field::Long(7), &Field::Double(0.3)));
        assert_eq!((&rows[1][1], &rows[1][3]), (&Field::Null, &Field::Null));
        assert_eq!((&rows[0][5], &rows[1][5]), (&Field::Bool(true), &Field::Bool(false)));
        let Field::Decimal(wei) = &rows[0][4] else { panic!("{:?}", rows[0][4]) };
        assert_eq!((wei.data(), wei.scale()), (most.0.to_be_bytes().as_slice(), 0));
    }
}
