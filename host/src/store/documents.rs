//! Documents by their digest, compressed.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::StoreError;
use super::connection::Connection;
use super::state::Changes;
use crate::model::Digest;

/// Bytes of one document, before it is compressed. The subject of a release of 100,000 commits takes
/// some 60 MiB, a transcript less than what may cross the sandbox in one call. No more than this is
/// made of a document when it is read, whatever was put in the database.
pub const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// A document on its way into the database.
pub(super) struct Packed {
    digest: Digest,
    bytes: u64,
    content: Vec<u8>,
}

/// Compresses the documents of some changes that are not kept yet. This is done before the
/// transaction, which others wait for.
pub(super) async fn pack(
    connection: &mut Connection,
    changes: &Changes,
) -> Result<Vec<Packed>, StoreError> {
    for document in &changes.documents {
        let bytes = document.len() as u64;
        if bytes > DOCUMENT_BYTES_MAX {
            return Err(StoreError::TooLarge {
                what: "a document",
                bytes,
                bytes_max: DOCUMENT_BYTES_MAX,
            });
        }
    }
    // In the order of their digests: two processes that add the same ones wait for each other in
    // one order.
    let documents: BTreeMap<Digest, &Vec<u8>> = changes
        .documents
        .iter()
        .map(|document| (Digest::of(document), document))
        .collect();
    let mut packed = Vec::new();
    for (digest, document) in documents {
        // What is kept stays: nothing removes a document.
        let select = "SELECT bytes FROM documents WHERE digest = $1";
        if connection
            .row(select, [digest.hex().into()])
            .await?
            .is_some()
        {
            continue;
        }
        let document = document.clone();
        let packing = tokio::task::spawn_blocking(move || Packed {
            digest,
            bytes: document.len() as u64,
            content: compressed(&document),
        });
        packed.push(packing.await.map_err(|error| StoreError::Statement {
            place: connection.place(),
            why: format!("a document could not be compressed: {error}"),
        })?);
    }
    Ok(packed)
}

/// Keeps documents, each once.
pub(super) async fn add(
    connection: &mut Connection,
    documents: Vec<Packed>,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO documents (digest, bytes, content) VALUES ($1, $2, $3) \
         ON CONFLICT (digest) DO NOTHING";
    for Packed {
        digest,
        bytes,
        content,
    } in documents
    {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let values = [digest.hex().into(), bytes.into(), content.into()];
        connection.execute(insert, values).await?;
    }
    Ok(())
}

/// The document of a digest, held against it.
pub(super) async fn read(
    connection: &mut Connection,
    digest: &Digest,
) -> Result<Option<Vec<u8>>, StoreError> {
    let select = "SELECT content FROM documents WHERE digest = $1";
    let Some(row) = connection.row(select, [digest.hex().into()]).await? else {
        return Ok(None);
    };
    let content = row.bytes(0)?;
    let digest = *digest;
    let unpacked = tokio::task::spawn_blocking(move || unpacked(&content, &digest)).await;
    let changed = |what: String| StoreError::Changed {
        digest,
        what,
        place: connection.place(),
    };
    match unpacked {
        Ok(Ok(document)) => Ok(Some(document)),
        Ok(Err(what)) => Err(changed(what)),
        Err(error) => Err(changed(format!("it could not be decompressed: {error}"))),
    }
}

fn compressed(document: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(document);
    encoder.finish().unwrap_or_default()
}

fn unpacked(content: &[u8], digest: &Digest) -> Result<Vec<u8>, String> {
    let mut document = Vec::new();
    ZlibDecoder::new(content)
        .take(DOCUMENT_BYTES_MAX + 1)
        .read_to_end(&mut document)
        .map_err(|error| format!("it cannot be decompressed ({error})"))?;
    if document.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(format!("it is larger than {DOCUMENT_BYTES_MAX} bytes"));
    }
    let found = Digest::of(&document);
    if found == *digest {
        Ok(document)
    } else {
        Err(format!("what is there has the digest {found}"))
    }
}
