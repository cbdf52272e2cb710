"""English texts of the sample shop: what customers and human agents write, one module per department."""

from ticketing.sample.english import (
    account,
    after_sales,
    complaint,
    logistics,
    payment,
    phrases,
    product_question,
)

WORDINGS = {
    **logistics.WORDINGS,
    **after_sales.WORDINGS,
    **complaint.WORDINGS,
    **payment.WORDINGS,
    **account.WORDINGS,
    **product_question.WORDINGS,
}

__all__ = ["WORDINGS", "phrases"]
