"""The console's pages, gathered."""

from fastapi import APIRouter

console = APIRouter(include_in_schema=False)
