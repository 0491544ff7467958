use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, HasSqlType};

/// An insertion of any number of rows in one statement, which is the same for
/// any number: each column is sent as one array, and the server unnests them side
/// by side, in their order. `Returned` is what the statement returns, if anything.
pub(crate) struct BulkInsert<'a, Row, Returned = ()> {
    table: &'static str,
    rows: &'a [Row],
    names: Vec<&'static str>,
    columns: Vec<Box<dyn QueryFragment<Pg> + Send + 'a>>,
    ending: &'static str,
    returned: PhantomData<fn() -> Returned>,
}

impl<'a, Row, Returned> BulkInsert<'a, Row, Returned> {
    /// An insertion of rows into a table.
    pub(crate) fn into(table: &'static str, rows: &'a [Row]) -> Self {
        let (names, columns) = (Vec::new(), Vec::new());
        Self { table, rows, names, columns, ending: "", returned: PhantomData }
    }

    /// Adds a column of a type, with its value in each row.
    pub(crate) fn column<Type, V>(mut self, name: &'static str, of: impl Fn(&'a Row) -> V) -> Self
    where
        Type: 'static,
        V: Send + 'a,
        Pg: HasSqlType<Array<Type>>,
        Vec<V>: ToSql<Array<Type>, Pg>,
    {
        let values: Vec<V> = self.rows.iter().map(of).collect();
        self.names.push(name);
        self.columns.push(Box::new(Column::<Type, V> { values, sql_type: PhantomData }));
        self
    }

    /// Says what stands at the end: what to do about a conflict, what to return.
    pub(crate) fn ending(self, ending: &'static str) -> Self {
        Self { ending, ..self }
    }
}

impl<Row, Returned> QueryFragment<Pg> for BulkInsert<'_, Row, Returned> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("INSERT INTO ");
        out.push_sql(self.table);
        out.push_sql(" (");
        for (i, name) in self.names.iter().enumerate() {
            out.push_sql(if i > 0 { ", " } else { "" });
            out.push_identifier(name)?;
        }
        // Not `FROM unnest(..)`, whose rows are all kept before the first is inserted.
        out.push_sql(") SELECT ");
        for (i, column) in self.columns.iter().enumerate() {
            out.push_sql(if i > 0 { ", unnest(" } else { "unnest(" });
            column.walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        out.push_sql(" ");
        out.push_sql(self.ending);
        Ok(())
    }
}

/// Known by its text, under which it stays prepared.
impl<Row, Returned> QueryId for BulkInsert<'_, Row, Returned> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Row, Returned> Query for BulkInsert<'_, Row, Returned> {
    type SqlType = Returned;
}

/// One column of all rows.
struct Column<Type, V> {
    values: Vec<V>,
    sql_type: PhantomData<fn() -> Type>,
}

impl<Type: 'static, V> QueryFragment<Pg> for Column<Type, V>
where
    Pg: HasSqlType<Array<Type>>,
    Vec<V>: ToSql<Array<Type>, Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<Array<Type>, _>(&self.values)
    }
}
